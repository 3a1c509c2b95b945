import { lstatSync, mkdirSync } from "node:fs";

/**
 * Makes a folder that nobody else may put anything into, or takes one that is there. In a folder where everybody may
 * write (`/tmp`) somebody else may have been first.
 * @throws what the file system throws, or an error that tells whose folder it is.
 */
export function makeOwnFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: false, mode: 0o700 });
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const { uid, mode } = lstatSync(path);
  if (!isOwnFolder(path))
    throw new Error(`${path}: belongs to user ${uid}, mode ${(mode & 0o7777).toString(8)}`);
}

/** True of a folder, not a link to one, of this user or root that not everybody may write. */
export function isOwnFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true || (found.mode & 0o002) !== 0) return false;
  return found.uid === 0 || found.uid === process.getuid?.();
}
