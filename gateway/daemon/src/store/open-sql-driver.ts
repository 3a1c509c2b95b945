import { loadBetterSqlite3 } from "./better-sqlite3-driver.ts";
import { loadNodeSqlite } from "./node-sqlite-driver.ts";
import { DRIVER_NAMES, type DriverName, type LoadDriver, type OpenConnection } from "./sql-driver.ts";
import { StoreOpenError } from "./store-open-error.ts";

export interface SqlDriverOptions {
  /** Take this engine and no other. */
  readonly driver?: DriverName;
  /** How each engine is loaded; for tests. */
  readonly loaders?: Readonly<Record<DriverName, LoadDriver>>;
}

const LOADERS: Readonly<Record<DriverName, LoadDriver>> = {
  "node:sqlite": loadNodeSqlite,
  "better-sqlite3": loadBetterSqlite3,
};

/**
 * Finds the first engine that works here: `node:sqlite` where it is sound, else better-sqlite3.
 * @throws {StoreOpenError} `no-sqlite`, with what is wrong with each of them in one line.
 */
export async function loadSqlDriver(options: SqlDriverOptions = {}): Promise<OpenConnection> {
  const problems: string[] = [];
  for (const name of options.driver === undefined ? DRIVER_NAMES : [options.driver]) {
    try {
      return await (options.loaders ?? LOADERS)[name]();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push(`${name}: ${reason.split("\n", 1)[0]}`);
    }
  }
  throw new StoreOpenError("no-sqlite", `no SQLite can be used here (${problems.join("; ")})`);
}
