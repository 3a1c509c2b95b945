import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { syncFolderOf } from "./disk.ts";
import { loadSqlDriver, type SqlDriverOptions } from "./open-sql-driver.ts";
import { type QuarantineReport, quarantine } from "./quarantine.ts";
import { MIGRATIONS, migrate, refuseNewerSchema } from "./schema.ts";
import { finishRestore, PRIVATE_MODE, snapshotOf } from "./snapshot.ts";
import type { OpenConnection, SqlDriver } from "./sql-driver.ts";
import { failureOf } from "./store-failure.ts";
import { StoreOpenError } from "./store-open-error.ts";

export interface OpenedDatabase {
  readonly driver: SqlDriver;
  /** Set when what was there was damaged. */
  readonly quarantine: QuarantineReport | undefined;
}

/**
 * Opens the database for writing: sound, in WAL mode, with today's schema. One that is damaged is moved aside and its
 * last snapshot taken instead.
 * @throws {StoreOpenError} when there is nothing to work with; a database of a newer program was not touched.
 */
export async function openDatabase(file: string, options: SqlDriverOptions = {}): Promise<OpenedDatabase> {
  return openDatabaseWith(await loadSqlDriver(options), file);
}

/** The same with an engine that is loaded already. */
export function openDatabaseWith(connect: OpenConnection, file: string): OpenedDatabase {
  try {
    finishRestore(file);
    const inspected = inspect(connect, file);
    if (typeof inspected !== "string") return { driver: makeReady(inspected, file), quarantine: undefined };
    const report = quarantine(file, inspected, (copy) => isSound(connect, copy));
    const replacement = inspect(connect, file);
    if (typeof replacement === "string") throw new StoreOpenError("corrupt", replacement);
    return { driver: makeReady(replacement, file), quarantine: report };
  } catch (error) {
    if (error instanceof StoreOpenError) throw error;
    const { code, message } = failureOf(error);
    throw new StoreOpenError(code, `${file}: ${message}`, { cause: error });
  }
}

/**
 * Opens a file and looks whether it is a sound database.
 * @returns the connection, or what is wrong with the content.
 * @throws what the engine or the file system throws when it cannot be opened; `StoreOpenError` for a newer schema.
 */
export function inspect(connect: OpenConnection, file: string): SqlDriver | string {
  if (!existsSync(file)) closeSync(openSync(file, "a", PRIVATE_MODE));
  else if (isHollow(file)) return "the file is empty";
  let driver: SqlDriver | undefined;
  let problem: string | undefined;
  try {
    driver = connect(file);
    // Another process, such as the sqlite3 shell, may hold a lock for a moment.
    driver.exec("PRAGMA busy_timeout = 250");
    refuseNewerSchema(driver);
    const first = driver.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (first === "ok") return driver;
    problem = String(first);
  } catch (error) {
    if (failureOf(error).code !== "corrupt") {
      driver?.close();
      throw error;
    }
    problem = (error as Error).message;
  }
  driver?.close();
  return problem;
}

/** A database with a snapshot was not empty once: the file system lost its content. */
export function isHollow(file: string): boolean {
  return statSync(file).size === 0 && existsSync(snapshotOf(file)) && !existsSync(`${file}-wal`);
}

function isSound(connect: OpenConnection, copy: string): boolean {
  const inspected = inspect(connect, copy);
  if (typeof inspected === "string") return false;
  inspected.close();
  return true;
}

/** Brings a sound database into the form that is worked with; the connection is closed when that fails. */
export function makeReady(driver: SqlDriver, file: string, migrations = MIGRATIONS): SqlDriver {
  try {
    const mode = driver.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode;
    if (mode !== "wal") {
      throw new StoreOpenError("io", `${file}: the file system cannot hold a write-ahead log (mode ${mode})`);
    }
    driver.exec("PRAGMA synchronous = FULL");
    // The engines differ in this one; 2 MB is SQLite's own default.
    driver.exec("PRAGMA cache_size = -1000");
    // After an unusually large transaction the log shrinks again; it is moved into the database at 4 MB.
    driver.exec("PRAGMA journal_size_limit = 8000000");
    migrate(driver, migrations);
    // Where SQLite may not write it opens for reading, says so only at the first write, and stays so for good. A
    // transaction alone does not tell (BEGIN IMMEDIATE begins one for reading then), and this writes no page.
    driver.exec("DELETE FROM meta WHERE key IS NULL");
    syncFolderOf(file);
    return driver;
  } catch (error) {
    driver.close();
    throw error;
  }
}
