import { accessSync, closeSync, constants, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Medium } from "./committer.ts";

/** The disk under a database file. */
export function mediumOf(file: string): Medium {
  return {
    syncWal: () => withOpen(`${file}-wal`, fdatasyncSync),
    isReadOnly: () => {
      try {
        accessSync(dirname(file), constants.W_OK);
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EROFS";
      }
    },
  };
}

/** Brings the content of a file to the medium. */
export function syncFile(file: string): void {
  withOpen(file, fsyncSync);
}

/** Brings the names in a file's folder to the medium: a rename or a new file is safe only then. */
export function syncFolderOf(file: string): void {
  withOpen(dirname(file), fsyncSync);
}

function withOpen(path: string, use: (descriptor: number) => void): void {
  const descriptor = openSync(path, "r");
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
