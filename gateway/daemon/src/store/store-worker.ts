import { existsSync } from "node:fs";
import { type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import { Committer } from "./committer.ts";
import { openDatabase } from "./database.ts";
import { mediumOf } from "./disk.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { Reader } from "./reader.ts";
import { snapshotOf, takeSnapshot } from "./snapshot.ts";
import type { SqlDriver } from "./sql-driver.ts";
import { failureOf, type StoreFailure } from "./store-failure.ts";
import { StoreOpenError } from "./store-open-error.ts";
import type { FromThread, Request, StoreJob } from "./wire.ts";

// The program of the store's threads. It and what it imports take only types from other packages: run from the
// sources, a thread would not find their code.

type Serving = Extract<StoreJob, { kind: "serve" }>;

/** A gateway that loses power twice a day never reaches the end of a long period: the first snapshot comes early. */
const FIRST_SNAPSHOT_MS = 3_600_000;

/** The thread that holds the write connection. */
class StoreServer {
  readonly #job: Serving;
  readonly #port: MessagePort;
  readonly #driver: SqlDriver;
  readonly #committer: Committer;
  readonly #reader: Reader;
  #syncTimer: NodeJS.Timeout | undefined;
  #snapshotTimer: NodeJS.Timeout | undefined;
  /** The committer's count of changes when the last snapshot began. */
  #snapshotAt = 0;
  #snapshotUnderWay: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(job: Serving, port: MessagePort, driver: SqlDriver) {
    this.#job = job;
    this.#port = port;
    this.#driver = driver;
    this.#committer = new Committer(driver, mediumOf(job.file));
    this.#reader = new Reader(driver);
  }

  start(): void {
    this.#port.on("message", this.#onRequest);
    this.#planSnapshot(Math.min(FIRST_SNAPSHOT_MS, this.#job.snapshotEveryMs));
  }

  readonly #onRequest = (request: Request): void => {
    try {
      if (request.kind === "close") void this.#close(request.id);
      else this.#say({ kind: "answer", id: request.id, value: this.#answer(request) });
    } catch (error) {
      this.#say({ kind: "failed", id: request.id, failure: failureOf(error) });
    }
  };

  #answer(request: Exclude<Request, { kind: "close" }>) {
    switch (request.kind) {
      case "commit": {
        const outcomes = this.#committer.commit(request.batches);
        this.#planSync();
        return outcomes;
      }
      case "entries":
        return this.#reader.entries(request.table);
      case "rows":
        return this.#reader.rows(request.log, request.after, request.limit);
      case "extent":
        return this.#reader.extent(request.log);
    }
  }

  /** The window runs from the first commit that is not synced: an idle store syncs nothing. */
  #planSync(): void {
    if (!this.#committer.unsynced) {
      clearTimeout(this.#syncTimer);
      this.#syncTimer = undefined;
      return;
    }
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      this.#tell(this.#committer.sync());
      this.#planSync();
    }, this.#job.syncWindowMs);
  }

  /** One at a time: the next is planned when this one has ended. */
  #planSnapshot(delayMs: number): void {
    this.#snapshotTimer = setTimeout(() => {
      this.#snapshotUnderWay = this.#snapshotAside().finally(() => {
        if (!this.#closing) this.#planSnapshot(this.#job.snapshotEveryMs);
      });
    }, delayMs);
  }

  /** Over a connection and a thread of its own: copying a large database here would hold up every acknowledgement. */
  async #snapshotAside(): Promise<void> {
    const changes = this.#committer.changes;
    if (changes === this.#snapshotAt) return;
    const job: StoreJob = { kind: "snapshot", file: this.#job.file, driver: this.#job.driver };
    const thread = new Worker(new URL(import.meta.url), { workerData: job });
    const failure = await new Promise<StoreFailure | undefined>((resolve) => {
      thread.once("message", resolve);
      thread.once("error", (error) => resolve(failureOf(error)));
      // After a message this comes too late to count.
      thread.once("exit", () => resolve(failureOf(new Error("the thread of the snapshot ended too early"))));
    });
    if (failure === undefined) this.#snapshotAt = changes;
    this.#tell(failure);
  }

  async #close(id: number): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#syncTimer);
    clearTimeout(this.#snapshotTimer);
    await this.#snapshotUnderWay;
    this.#tell(this.#committer.sync());
    this.#tell(attempt(() => this.#lastSnapshot()));
    this.#tell(attempt(() => this.#driver.close()));
    this.#say({ kind: "answer", id, value: undefined });
    this.#port.close();
  }

  #lastSnapshot(): void {
    if (this.#committer.changes === this.#snapshotAt && existsSync(snapshotOf(this.#job.file))) return;
    takeSnapshot(this.#driver, this.#job.file);
  }

  #tell(failure: StoreFailure | undefined): void {
    if (failure !== undefined) this.#say({ kind: "fault", failure });
  }

  #say(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

async function serve(job: Serving, port: MessagePort): Promise<void> {
  let message: FromThread;
  try {
    const { driver, quarantine } = await openDatabase(job.file, {
      ...(job.driver && { driver: job.driver }),
    });
    new StoreServer(job, port, driver).start();
    message = { kind: "ready", quarantine };
  } catch (error) {
    if (!(error instanceof StoreOpenError)) throw error;
    message = { kind: "refused", code: error.code, message: error.message };
  }
  port.postMessage(message);
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

function attempt(work: () => void): StoreFailure | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}

if (parentPort === null) throw new Error("this program runs as a thread of the store");
const job = workerData as StoreJob;
if (job.kind === "serve") await serve(job, parentPort);
else await snapshot(job, parentPort);
