import { closeSync, fchmodSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "../config-error.ts";

/**
 * Puts a file with secrets in its place in one step: a reader sees the old one or the new one. Readable by its owner
 * alone. It is not synced: it is for a folder in memory, and made again at each start.
 * @throws {ConfigError} when the folder does not take it.
 */
export function replaceSecretFile(file: string, text: string): void {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
  try {
    // A leftover of a process with this number. Made anew (`wx`): nobody else's link is followed.
    rmSync(beside, { force: true });
    const descriptor = openSync(beside, "wx", 0o600);
    try {
      fchmodSync(descriptor, 0o600);
      writeFileSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, file);
  } catch (cause) {
    rmSync(beside, { force: true });
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    throw new ConfigError("config", `${file}: expected a place to write to, found error ${code}`, { cause });
  }
}
