import { parentPort, workerData } from "node:worker_threads";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { DriverName } from "./sql-driver.ts";
import { attempt } from "./store-failure.ts";

// The program of the thread that takes a snapshot. It and what it imports take only types from other packages: run from
// the sources, a thread would not find their code.

/** What the thread is started for (`workerData`). It says why it failed, or `undefined`, and ends. */
export interface SnapshotJob {
  readonly file: string;
  readonly driver?: DriverName | undefined;
}

if (parentPort === null) throw new Error("this program runs as a thread of the store");
const { file, driver } = workerData as SnapshotJob;
const connect = await loadSqlDriver({ ...(driver && { driver }) });
parentPort.postMessage(
  attempt(() => {
    const connection = connect(file);
    try {
      connection.exec("PRAGMA busy_timeout = 5000");
      takeSnapshot(connection, file);
    } finally {
      connection.close();
    }
  }),
);
