import { closeSync, existsSync, openSync } from "node:fs";
import { makeReady } from "../store/database.ts";
import { makeFolderOf } from "../store/probe.ts";
import { type QuarantineReport, quarantine } from "../store/quarantine.ts";
import { refuseNewerSchema } from "../store/schema.ts";
import { PRIVATE_MODE } from "../store/snapshot.ts";
import type { OpenConnection, SqlDriver } from "../store/sql-driver.ts";
import { failureOf } from "../store/store-failure.ts";
import { StoreOpenError } from "../store/store-open-error.ts";
import { WriteAheadLog } from "../store/write-ahead-log.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { HistoryDatabase } from "./history-database.ts";
import { HISTORY_MIGRATIONS } from "./history-schema.ts";

export interface HistoryFileOptions {
  /** The database never grows beyond this; its log comes on top. In bytes. */
  readonly sizeBytes: number;
  readonly meter: Pick<FeatureMeter, "wrote">;
}

/** Damaged histories that are kept for a look: they are large. */
const KEPT = 1;

export interface OpenedHistory {
  readonly database: HistoryDatabase;
  readonly quarantine: QuarantineReport | undefined;
}

/**
 * Opens a history for writing; one that is damaged is moved aside and begins anew. It is not searched for damage here: a
 * start cannot wait for that. What is damaged deeper shows when it is read.
 * @throws {StoreOpenError} when it cannot be opened; one of a newer program was not touched.
 */
export function openHistoryDatabase(
  connect: OpenConnection,
  file: string,
  options: HistoryFileOptions,
): OpenedHistory {
  const failure = makeFolderOf(file);
  if (failure !== undefined) throw new StoreOpenError(failure.code, failure.message);
  const first = attemptToOpen(connect, file, options);
  if (!("problem" in first)) return { database: first, quarantine: undefined };
  return openAnew(connect, file, options, first.problem);
}

/**
 * Moves a damaged history aside and opens an empty one.
 * @throws {StoreOpenError} when that cannot be done.
 */
export function openAnew(
  connect: OpenConnection,
  file: string,
  options: HistoryFileOptions,
  problem: string,
): OpenedHistory {
  try {
    const report = quarantine(file, problem, () => false, KEPT);
    const second = attemptToOpen(connect, file, options);
    if ("problem" in second) throw new StoreOpenError("corrupt", second.problem);
    return { database: second, quarantine: report };
  } catch (error) {
    throw openError(error, file);
  }
}

/** @returns the database, or what is wrong with its content. */
function attemptToOpen(
  connect: OpenConnection,
  file: string,
  { meter, sizeBytes }: HistoryFileOptions,
): HistoryDatabase | { readonly problem: string } {
  let driver: SqlDriver | undefined;
  try {
    if (!existsSync(file)) closeSync(openSync(file, "a", PRIVATE_MODE));
    driver = connect(file);
    driver.exec("PRAGMA busy_timeout = 250");
    refuseNewerSchema(driver, HISTORY_MIGRATIONS);
    makeReady(driver, file, HISTORY_MIGRATIONS);
    // What is written comes in the order of its pages, a turn in one transaction: more of the cache is never asked for again.
    driver.exec("PRAGMA cache_size = -500");
    const pageBytes = Number(driver.prepare("PRAGMA page_size").get()?.page_size);
    driver.prepare(`PRAGMA max_page_count = ${Math.floor(sizeBytes / pageBytes)}`).get();
    const log = new WriteAheadLog(driver, file, connect, (bytes) => meter.wrote(bytes));
    return new HistoryDatabase(driver, log);
  } catch (error) {
    // `makeReady` may have closed it; nothing is lost by asking once more.
    try {
      driver?.close();
    } catch {
      // It was.
    }
    const { code, message } = failureOf(error);
    if (code === "corrupt") return { problem: message };
    throw openError(error, file);
  }
}

function openError(error: unknown, file: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const { code, message } = failureOf(error);
  return new StoreOpenError(code, `${file}: ${message}`, { cause: error });
}
