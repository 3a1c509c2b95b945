import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** In the data folder: copies of databases while a backup is made of them. */
const WORK = "backup.tmp";

/** Makes an empty folder for copies, beside the databases: only there it is sure to have room for them, and to be private. */
export function makeWorkFolder(data: string): string {
  const folder = join(data, WORK);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Removes it; also what a process left that was killed. Where that is not possible the next backup tries again. */
export function removeWorkFolder(data: string): void {
  const folder = join(data, WORK);
  try {
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
  } catch {
    // A disk that cannot be written.
  }
}

/** Not part of what a data folder is about. */
export function isWorkFolder(name: string): boolean {
  return name === WORK;
}
