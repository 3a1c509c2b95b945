import { existsSync, statSync } from "node:fs";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";
import { snapshotOf, takeSnapshot } from "./snapshot.ts";
import { runSnapshotJob } from "./snapshot-thread.ts";
import type { DriverName } from "./sql-driver.ts";
import { attempt, type StoreFailure } from "./store-failure.ts";
import type { WorkingDatabase } from "./working-database.ts";

/** A gateway that loses power twice a day never reaches the end of a long period: the first snapshot comes early. */
const FIRST_SNAPSHOT_MS = 3_600_000;

export interface SnapshotsOptions {
  readonly file: string;
  readonly driver: DriverName | undefined;
  /** Time between two snapshots, in milliseconds. */
  readonly everyMs: number;
  /** The thread's program. */
  readonly program: URL;
  readonly onFailure: (failure: StoreFailure) => void;
  readonly meter?: Pick<FeatureMeter, "wrote">;
}

/** Takes snapshots of a database from time to time, and a last one at its end, if anything changed. */
export class Snapshots {
  readonly #database: WorkingDatabase;
  readonly #options: SnapshotsOptions;
  #timer: NodeJS.Timeout | undefined;
  /** The database's count of changes when the last snapshot began. */
  #takenAt = 0;
  #underWay: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(database: WorkingDatabase, options: SnapshotsOptions) {
    this.#database = database;
    this.#options = options;
  }

  start(): void {
    this.#plan(Math.min(FIRST_SNAPSHOT_MS, this.#options.everyMs));
  }

  /** Ends them with a last one. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#underWay;
    const { file } = this.#options;
    if (this.#database.changes === this.#takenAt && existsSync(snapshotOf(file))) return;
    const failure = attempt(() => takeSnapshot(this.#database.driver, file));
    if (failure === undefined) this.#count();
    this.#tell(failure);
  }

  /** One at a time: the next is planned when this one has ended. */
  #plan(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#underWay = this.#takeAside().finally(() => {
        if (!this.#ended) this.#plan(this.#options.everyMs);
      });
    }, delayMs);
  }

  /** Over a connection and a thread of its own: copying a large database here would hold up every acknowledgement. */
  async #takeAside(): Promise<void> {
    const { changes } = this.#database;
    if (changes === this.#takenAt) return;
    const { file, driver, program } = this.#options;
    const { failure } = await runSnapshotJob(program, { file, driver });
    if (failure === undefined) {
      this.#takenAt = changes;
      this.#count();
    }
    this.#tell(failure);
  }

  #count(): void {
    const { file, meter } = this.#options;
    meter?.wrote(wholeFileBytes(statSync(snapshotOf(file), { throwIfNoEntry: false })?.size ?? 0));
  }

  #tell(failure: StoreFailure | undefined): void {
    if (failure !== undefined) this.#options.onFailure(failure);
  }
}
