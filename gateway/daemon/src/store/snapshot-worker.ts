import { parentPort, workerData } from "node:worker_threads";
import { type Copied, copyDatabase, type Omission } from "./copy.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { DriverName } from "./sql-driver.ts";
import { attempt, type StoreFailure } from "./store-failure.ts";

// The program of the thread that takes a snapshot or makes a copy. It and what it imports take only types from other
// packages: run from the sources, a thread would not find their code.

/** What the thread is started for (`workerData`). It says how it ended, and ends. */
export interface SnapshotJob {
  readonly file: string;
  readonly driver?: DriverName | undefined;
  /** A copy elsewhere, instead of the snapshot beside the database. */
  readonly copy?: { readonly to: string; readonly omission?: Omission | undefined };
}

export interface SnapshotDone {
  readonly failure?: StoreFailure | undefined;
  /** Of a copy. */
  readonly copied?: Copied;
}

if (parentPort === null) throw new Error("this program runs as a thread of the store");
const { copy, driver, file } = workerData as SnapshotJob;
const connect = await loadSqlDriver({ ...(driver && { driver }) });
let copied: Copied | undefined;
const failure = attempt(() => {
  if (copy !== undefined) {
    copied = copyDatabase(connect, file, copy);
    return;
  }
  const connection = connect(file);
  try {
    connection.exec("PRAGMA busy_timeout = 5000");
    takeSnapshot(connection, file);
  } finally {
    connection.close();
  }
});
const done: SnapshotDone = { failure, ...(copied && { copied }) };
parentPort.postMessage(done);
