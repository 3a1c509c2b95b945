/** What goes into a statement and comes out of it. Integers must be safe ones. */
export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlStatement {
  /** @returns how many rows were inserted, changed or deleted. */
  run(...values: readonly SqlValue[]): number;
  all(...values: readonly SqlValue[]): readonly SqlRow[];
  get(...values: readonly SqlValue[]): SqlRow | undefined;
}

/**
 * One connection to a SQLite database; every call blocks until it is done. Errors are thrown as the engine behind it
 * makes them: `failureOf` reads them all.
 */
export interface SqlDriver {
  /** True between BEGIN and the COMMIT or ROLLBACK that worked. */
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): SqlStatement;
  close(): void;
}

export const DRIVER_NAMES = ["node:sqlite", "better-sqlite3"] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];

/**
 * What a connection may do.
 * - `write`: everything; the file is created when it is not there.
 * - `read`: reads what other connections keep; needs the shared-memory file of the log, or the right to make it.
 * - `frozen`: reads the file alone, without looking at its log; nobody may write it meanwhile.
 */
export type ConnectionMode = "write" | "read" | "frozen";

/** Opens a connection, for writing unless said otherwise. Not every engine knows `frozen`; it throws then. */
export type OpenConnection = (file: string, mode?: ConnectionMode) => SqlDriver;

/**
 * Loads one engine.
 * @throws {Error} with one line for people when it cannot be used here.
 */
export type LoadDriver = () => Promise<OpenConnection>;

/** First release without the corruption that a reset of the WAL could cause (https://sqlite.org/wal.html, "WAL-reset bug"). */
const OLDEST_SOUND = [3, 51, 3] as const;

/** @returns why this version of SQLite must not be used, or `undefined` when it may be. */
export function versionProblem(version: string): string | undefined {
  const parts = version.split(".").map(Number);
  for (const [index, least] of OLDEST_SOUND.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return undefined;
    if (!(part >= least)) return `has SQLite ${version}, needs ${OLDEST_SOUND.join(".")} or newer`;
  }
  return undefined;
}
