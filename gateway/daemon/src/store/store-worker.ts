import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { openDatabaseWith } from "./database.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { makeFolderOf } from "./probe.ts";
import type { QuarantineReport } from "./quarantine.ts";
import { Refuge } from "./refuge.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { OpenConnection, SqlDriver } from "./sql-driver.ts";
import { StoreOpenError } from "./store-open-error.ts";
import { attempt, type Serving, StoreServer } from "./store-server.ts";
import type { FromThread, StoreJob } from "./wire.ts";

// The program of the store's threads. It and what it imports take only types from other packages: run from the
// sources, a thread would not find their code.

const PROGRAM = new URL(import.meta.url);

async function serve(job: Serving, port: MessagePort): Promise<void> {
  let message: FromThread;
  try {
    const connect = await loadSqlDriver({ ...(job.driver && { driver: job.driver }) });
    const { database, quarantine } = open(connect, job);
    new StoreServer(job, port, PROGRAM, database).start();
    const refuge = database instanceof Refuge ? database.report : undefined;
    message = { kind: "ready", quarantine, refuge };
  } catch (error) {
    if (!(error instanceof StoreOpenError)) throw error;
    message = { kind: "refused", code: error.code, message: error.message };
  }
  port.postMessage(message);
}

/** Opens the database for writing, or for reading where the disk allows no more and the job wants that. */
function open(
  connect: OpenConnection,
  { file, refuge }: Serving,
): { database: SqlDriver | Refuge; quarantine: QuarantineReport | undefined } {
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

async function snapshot(job: Extract<StoreJob, { kind: "snapshot" }>, port: MessagePort): Promise<void> {
  const connect = await loadSqlDriver({ ...(job.driver && { driver: job.driver }) });
  const failure = attempt(() => {
    const driver = connect(job.file);
    try {
      driver.exec("PRAGMA busy_timeout = 5000");
      takeSnapshot(driver, job.file);
    } finally {
      driver.close();
    }
  });
  port.postMessage(failure);
}

if (parentPort === null) throw new Error("this program runs as a thread of the store");
const job = workerData as StoreJob;
if (job.kind === "serve") await serve(job, parentPort);
else await snapshot(job, parentPort);
