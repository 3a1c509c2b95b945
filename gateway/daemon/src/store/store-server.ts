import { existsSync } from "node:fs";
import { type MessagePort, Worker } from "node:worker_threads";
import { Committer } from "./committer.ts";
import { mediumOf } from "./disk.ts";
import { Reader } from "./reader.ts";
import type { Refuge } from "./refuge.ts";
import { snapshotOf, takeSnapshot } from "./snapshot.ts";
import type { SqlDriver } from "./sql-driver.ts";
import { failureOf, type StoreFailure } from "./store-failure.ts";
import type { FromThread, Request, StoreJob, WireBatch } from "./wire.ts";

export type Serving = Extract<StoreJob, { kind: "serve" }>;

/** A gateway that loses power twice a day never reaches the end of a long period: the first snapshot comes early. */
const FIRST_SNAPSHOT_MS = 3_600_000;

/** The database is open for writing. */
interface Open {
  readonly driver: SqlDriver;
  readonly committer: Committer;
}

/** Answers the requests of the event loop. It alone writes the database, or waits in a refuge until it can. */
export class StoreServer {
  readonly #job: Serving;
  readonly #port: MessagePort;
  readonly #program: URL;
  #open: Open | undefined;
  #refuge: Refuge | undefined;
  #reader: Reader;
  #syncTimer: NodeJS.Timeout | undefined;
  #snapshotTimer: NodeJS.Timeout | undefined;
  /** The committer's count of changes when the last snapshot began. */
  #snapshotAt = 0;
  #snapshotUnderWay: Promise<void> = Promise.resolve();
  #closing = false;

  /** @param program what a thread for snapshots runs. */
  constructor(job: Serving, port: MessagePort, program: URL, database: SqlDriver | Refuge) {
    this.#job = job;
    this.#port = port;
    this.#program = program;
    if ("tryToReturn" in database) {
      this.#refuge = database;
      this.#reader = new Reader(database.driver);
    } else {
      this.#open = this.#openWith(database);
      this.#reader = new Reader(database);
    }
  }

  start(): void {
    this.#port.on("message", this.#onRequest);
    if (this.#open !== undefined) this.#planFirstSnapshot();
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
      case "commit":
        return this.#commit(request.batches);
      case "entries":
        return this.#reader.entries(request.table);
      case "rows":
        return this.#reader.rows(request.log, request.after, request.limit);
      case "extent":
        return this.#reader.extent(request.log);
    }
  }

  #commit(batches: readonly WireBatch[]): readonly (StoreFailure | undefined)[] {
    const refuge = this.#refuge;
    if (refuge !== undefined) this.#tryToReturn(refuge);
    const open = this.#open;
    if (open === undefined) return batches.map(() => refuge?.failure);
    const outcomes = open.committer.commit(batches);
    this.#planSync();
    return outcomes;
  }

  #tryToReturn(refuge: Refuge): void {
    const result = refuge.tryToReturn();
    if (result.outcome === "stale") {
      this.#reader = new Reader(refuge.driver);
      this.#say({ kind: "stale", quarantine: result.quarantine });
    }
    if (result.outcome !== "returned") return;
    const { driver } = result.opened;
    this.#refuge = undefined;
    this.#open = this.#openWith(driver);
    this.#reader = new Reader(driver);
    this.#say({ kind: "returned" });
    this.#planFirstSnapshot();
  }

  #openWith(driver: SqlDriver): Open {
    return { driver, committer: new Committer(driver, mediumOf(this.#job.file)) };
  }

  /** The window runs from the first commit that is not synced: an idle store syncs nothing. */
  #planSync(): void {
    if (this.#open?.committer.unsynced !== true) {
      clearTimeout(this.#syncTimer);
      this.#syncTimer = undefined;
      return;
    }
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      this.#tell(this.#open?.committer.sync());
      this.#planSync();
    }, this.#job.syncWindowMs);
  }

  #planFirstSnapshot(): void {
    this.#planSnapshot(Math.min(FIRST_SNAPSHOT_MS, this.#job.snapshotEveryMs));
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
    const changes = this.#open?.committer.changes;
    if (changes === undefined || changes === this.#snapshotAt) return;
    const job: StoreJob = { kind: "snapshot", file: this.#job.file, driver: this.#job.driver };
    const thread = new Worker(this.#program, { workerData: job });
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
    const open = this.#open;
    if (open !== undefined) {
      this.#tell(open.committer.sync());
      this.#tell(attempt(() => this.#lastSnapshot(open)));
      this.#tell(attempt(() => open.driver.close()));
    }
    this.#tell(attempt(() => this.#refuge?.close()));
    this.#say({ kind: "answer", id, value: undefined });
    this.#port.close();
  }

  #lastSnapshot({ driver, committer }: Open): void {
    if (committer.changes === this.#snapshotAt && existsSync(snapshotOf(this.#job.file))) return;
    takeSnapshot(driver, this.#job.file);
  }

  #tell(failure: StoreFailure | undefined): void {
    if (failure !== undefined) this.#say({ kind: "fault", failure });
  }

  #say(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

/** @returns why the work failed, or `undefined`. */
export function attempt(work: () => void): StoreFailure | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}
