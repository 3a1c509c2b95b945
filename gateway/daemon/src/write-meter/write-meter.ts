/**
 * Who writes to the flash.
 * - `state`: the database of the house: Things, last values, rules, sessions, credentials, retained messages.
 * - `audit`, `outbox`: their share of the same database.
 * - `journal`: the store's journal, where it does not lie in memory.
 * - `snapshot`: copies of the database.
 * - `history`: readings over time.
 * - `events`: the journal of events, where it is on disk.
 * - `rules`, `config`, `certificates`: files of theirs.
 */
export const WRITE_FEATURES = [
  "state",
  "audit",
  "outbox",
  "journal",
  "snapshot",
  "history",
  "events",
  "rules",
  "config",
  "certificates",
] as const;
export type WriteFeature = (typeof WRITE_FEATURES)[number];

/**
 * What a writer that can wait should do. Alarms, commands, credentials and configuration do not ask: they are written
 * whatever the verdict is.
 * - `ok`: within the budget of the day.
 * - `batch-longer`: over the budget: write the same in fewer and larger pieces.
 * - `thin`: over the cap: write less.
 */
export type WriteVerdict = "ok" | "batch-longer" | "thin";

/** One writer's end of the meter. */
export interface FeatureMeter {
  /**
   * Counts what was written.
   * @param bytes that reached the file: of the database the pages of its log and those moved out of it, of other files
   * their blocks. Not negative.
   */
  wrote(bytes: number): void;
  readonly verdict: WriteVerdict;
}

/** Every writer of the data folder goes through it. */
export interface WriteMeter {
  feature(name: WriteFeature): FeatureMeter;
}

/** For rooms that are tried without a gateway. */
export const NO_METER: WriteMeter = { feature: () => ({ wrote: () => undefined, verdict: "ok" }) };

/** Flash is written in pages, and file systems in blocks of this size. In bytes. */
export const BLOCK_BYTES = 4_096;

/** What a file that is written whole takes on the medium. @param bytes of its content. @returns bytes. */
export function wholeFileBytes(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BLOCK_BYTES)) * BLOCK_BYTES;
}
