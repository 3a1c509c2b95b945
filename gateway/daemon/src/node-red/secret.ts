import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

/**
 * Makes sure that the key is there which Node-RED encrypts the credentials of flows with: 256 random bits, readable by
 * the gateway's user alone. It is written whole or not at all, for a lost key loses the credentials.
 */
export function ensureSecret(path: string): void {
  if (existing(path)) return;
  const partial = `${path}.new`;
  const file = openSync(partial, "w", 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

function existing(path: string): boolean {
  try {
    return readFileSync(path, "utf8").trim() !== "";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
