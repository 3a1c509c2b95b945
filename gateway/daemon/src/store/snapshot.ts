import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { syncFile, syncFolderOf } from "./disk.ts";
import type { SqlDriver } from "./sql-driver.ts";

/** Only the gateway's own user may read the database and what is made of it: it holds credentials. */
export const PRIVATE_MODE = 0o600;

export function snapshotOf(file: string): string {
  return `${file}.snapshot`;
}

/**
 * Writes the committed content of the database to its snapshot. The old snapshot stays until the new one is whole and
 * on the medium.
 * @throws what the engine or the file system throws.
 */
export function takeSnapshot(driver: SqlDriver, file: string): void {
  const snapshot = snapshotOf(file);
  const unfinished = `${snapshot}.new`;
  try {
    // VACUUM INTO takes an empty file; making it first gives it its mode.
    writeFileSync(unfinished, "", { mode: PRIVATE_MODE });
    driver.prepare("VACUUM INTO ?").run(unfinished);
    syncFile(unfinished);
    renameSync(unfinished, snapshot);
    syncFolderOf(snapshot);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/**
 * Makes a copy of the snapshot ready to take the place of the database.
 * @returns the copy's path, or `undefined` when there is no snapshot or `isSound` does not accept it.
 */
export function prepareRestore(file: string, isSound: (copy: string) => boolean): string | undefined {
  const snapshot = snapshotOf(file);
  if (!existsSync(snapshot)) return undefined;
  const copy = restoringCopyOf(file);
  copyFileSync(snapshot, copy);
  if (!isSound(copy)) {
    rmSync(copy, { force: true });
    return undefined;
  }
  syncFile(copy);
  return copy;
}

/** Ends a restore that was cut short: the database was moved aside, and the copy did not get its place. */
export function finishRestore(file: string): boolean {
  const copy = restoringCopyOf(file);
  if (!existsSync(copy)) return false;
  if (existsSync(file)) {
    rmSync(copy, { force: true });
    return false;
  }
  // A log that was left behind belongs to the database that went; SQLite would play it into this one.
  for (const suffix of ["-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
  renameSync(copy, file);
  syncFolderOf(file);
  return true;
}

function restoringCopyOf(file: string): string {
  return `${file}.restoring`;
}
