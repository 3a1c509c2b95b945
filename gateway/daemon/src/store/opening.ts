import { openDatabaseWith } from "./database.ts";
import { makeFolderOf } from "./probe.ts";
import type { QuarantineReport } from "./quarantine.ts";
import { Refuge, type RefugeOptions } from "./refuge.ts";
import type { OpenConnection, SqlDriver } from "./sql-driver.ts";
import { StoreOpenError } from "./store-open-error.ts";

export interface Opening {
  readonly database: SqlDriver | Refuge;
  /** Set when the database was damaged, and what became of it. */
  readonly quarantine: QuarantineReport | undefined;
}

/**
 * Opens the database for writing, or for reading where the disk allows no more and there is a refuge for that.
 * @throws {StoreOpenError} when neither is possible.
 */
export function openForService(
  connect: OpenConnection,
  file: string,
  refuge: RefugeOptions | undefined,
): Opening {
  try {
    const failure = refuge === undefined ? undefined : makeFolderOf(file);
    if (failure !== undefined) throw new StoreOpenError(failure.code, failure.message);
    const { driver, quarantine } = openDatabaseWith(connect, file);
    return { database: driver, quarantine };
  } catch (error) {
    if (refuge === undefined || !(error instanceof StoreOpenError)) throw error;
    return { database: Refuge.open(connect, file, refuge, error), quarantine: undefined };
  }
}
