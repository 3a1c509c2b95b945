import { join } from "node:path";
import { type Log, StoreError } from "@tram/core";
import { type GatewayView, PRODUCT } from "@tram/protocol";
import { ConfigError } from "../config/config-error.ts";
import { NO_METER, type WriteMeter } from "../write-meter/write-meter.ts";
import type { QuarantineReport } from "./quarantine.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { StoreOpenError } from "./store-open-error.ts";

type Problems = GatewayView["problems"];

export interface OpenStoreOptions {
  readonly log: Log;
  readonly strict: boolean;
  /** Folder where a database that can only be read is copied for a moment; made when it is needed. */
  readonly runtime: string;
  /** Folder of the journal, best in memory; default: the data folder. */
  readonly journalFolder?: string | undefined;
  /** Counts what is written. */
  readonly meter?: WriteMeter;
}

export interface OpenedStore {
  readonly store: SqliteStore;
  /** What people must know about it: that it was damaged, that it cannot be written and how much of it is known. */
  readonly problems: Problems;
  /** Set when the disk allows no more than reading: why. */
  readonly failing?: StoreError;
  /**
   * Resolves when the database can be written at last but is another than what was read: only a new start takes it up.
   * With what people must know then.
   */
  readonly stale: Promise<Problems>;
}

/**
 * Opens the gateway's database in its data folder; for reading, where the disk allows no more.
 * @throws {ConfigError} `data` when there is no engine, or a newer program wrote it: one line for people.
 */
export async function openStore(folder: string, options: OpenStoreOptions): Promise<OpenedStore> {
  const { log, strict, runtime, journalFolder, meter = NO_METER } = options;
  const file = join(folder, `${PRODUCT.name}.db`);
  let becomeStale: (problems: Problems) => void = () => undefined;
  const stale = new Promise<Problems>((resolve) => {
    becomeStale = resolve;
  });
  let store: SqliteStore;
  try {
    store = await openSqliteStore(file, {
      strict,
      meter,
      refuge: { folder: runtime },
      ...(journalFolder !== undefined && { journalFolder }),
      onFault: ({ code, message }) =>
        log.error({ code, reason: message }, "the store failed in the background"),
      onStale: (quarantine) => becomeStale(damage(file, quarantine, log)),
    });
  } catch (cause) {
    if (!(cause instanceof StoreOpenError)) throw cause;
    throw new ConfigError("data", `data: expected a database in ${folder}, found ${cause.message}`, {
      cause,
    });
  }
  const problems = damage(file, store.quarantine, log);
  if (store.refuge === undefined) return { store, problems, stale };
  const { failure, extent, missing } = store.refuge;
  log.error(
    { code: failure.code, reason: failure.message, known: extent, missing },
    "the database cannot be written",
  );
  const gap = missing === undefined ? [] : [{ code: "database", where: file, problem: missing }];
  return {
    store,
    problems: [...problems, ...gap],
    failing: new StoreError(failure.code, failure.message),
    stale,
  };
}

function damage(file: string, quarantine: QuarantineReport | undefined, log: Log): Problems {
  if (quarantine === undefined) return [];
  const { quarantined, restored, problem } = quarantine;
  const outcome = restored ? "the last snapshot is in use" : "it began anew, empty";
  log.error({ quarantined, restored, problem }, "the database was damaged and moved aside");
  return [
    { code: "database", where: file, problem: `${problem}; it was moved to ${quarantined}, and ${outcome}` },
  ];
}
