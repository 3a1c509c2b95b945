import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolderOf } from "./disk.ts";
import { finishRestore, prepareRestore } from "./snapshot.ts";

/** Told to people, loudly: what they had since the snapshot is gone. */
export interface QuarantineReport {
  /** Where the damaged database lies now. */
  readonly quarantined: string;
  /** Whether the last snapshot took its place; else the database begins empty. */
  readonly restored: boolean;
  /** What was found. */
  readonly problem: string;
}

/** Damaged databases that are kept for a look; older ones are deleted. */
const KEPT = 3;

/**
 * Moves a damaged database aside and puts the last sound snapshot in its place. A power cut in between leaves a state
 * that `finishRestore` ends.
 * @param kept so many damaged databases stay for a look.
 * @throws the file system's error when the disk does not allow it.
 */
export function quarantine(
  file: string,
  problem: string,
  isSound: (copy: string) => boolean,
  kept = KEPT,
): QuarantineReport {
  prepareRestore(file, isSound);
  const quarantined = `${file}.corrupt-${(numbersOf(file)[0] ?? 0) + 1}`;
  // The log goes with its database: left behind, SQLite would play it into the next one of this name.
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${quarantined}${suffix}`);
  }
  syncFolderOf(file);
  const restored = finishRestore(file);
  for (const number of numbersOf(file).slice(kept)) {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}.corrupt-${number}${suffix}`, { force: true });
  }
  return { quarantined, restored, problem };
}

/** Numbers of the quarantined databases, the newest first. */
function numbersOf(file: string): number[] {
  const start = `${basename(file)}.corrupt-`;
  return readdirSync(dirname(join(file)))
    .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)))
    .sort((a, b) => b - a);
}
