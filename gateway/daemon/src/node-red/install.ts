import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Node-RED as it was found on this machine. */
export interface NodeRedInstall {
  /** Folder whose `node_modules` has it. */
  readonly dir: string;
  readonly version: string;
  /** Why it cannot be used, where it is there but broken or of a version that we do not know. */
  readonly problem?: string;
}

/** Versions whose embedding API the runner is written for. */
const MAJORS = [4, 5];

/**
 * Looks for Node-RED, which is a package of its own (tram-node-red) and may be absent.
 * @returns `undefined` when it is not installed.
 */
export function findNodeRed(dir: string): NodeRedInstall | undefined {
  const path = join(dir, "node_modules/node-red/package.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return { dir, version: "", problem: `${path}: expected a readable file, found ${String(code)}` };
  }
  const version = versionOf(text);
  if (version === undefined) return { dir, version: "", problem: `${path}: expected JSON with a version` };
  const major = Number(version.split(".")[0]);
  if (MAJORS.includes(major)) return { dir, version };
  return { dir, version, problem: `${path}: expected Node-RED ${MAJORS.join(" or ")}, found ${version}` };
}

function versionOf(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
