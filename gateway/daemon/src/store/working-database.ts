import { randomBytes } from "node:crypto";
import { NO_METER, type WriteMeter } from "../write-meter/write-meter.ts";
import { Committer, type StoredOperation } from "./committer.ts";
import type { EncodedOperation } from "./encode.ts";
import type { Lineage } from "./journal.ts";
import type { OpenConnection, SqlDriver } from "./sql-driver.ts";
import type { StoreFailure } from "./store-failure.ts";
import { Lengths, StoreMeter, sharesOf } from "./store-meter.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

const LINEAGE = "journal";

/** The database, open for writing, with the order of writes and syncs that a power cut cannot break. */
export class WorkingDatabase {
  readonly driver: SqlDriver;
  readonly #log: WriteAheadLog;
  readonly #committer: Committer;
  readonly #meter: StoreMeter;
  #lineage: Lineage;

  /**
   * @param driver of a sound database in WAL mode that nobody writes yet.
   * @param meter counts what reaches the files.
   * @throws what the engine throws.
   */
  constructor(driver: SqlDriver, file: string, connect: OpenConnection, meter: WriteMeter = NO_METER) {
    this.driver = driver;
    this.#meter = new StoreMeter(meter);
    const known = lineageOf(driver);
    this.#lineage = known ?? { id: randomBytes(8).toString("hex"), epoch: 1 };
    if (known === undefined) {
      const { key, text } = lineageOperation(this.#lineage);
      driver.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(key, text);
    }
    this.#log = new WriteAheadLog(driver, file, connect, (bytes) => this.#meter.wrote(bytes));
    this.#committer = new Committer(driver, this.#log.isReadOnly);
  }

  get lineage(): Lineage {
    return this.#lineage;
  }

  /** True when a power cut now would cost something that was written. */
  get dirty(): boolean {
    return this.#log.dirty;
  }

  /** Rows changed so far. */
  get changes(): number {
    return this.#committer.changes;
  }

  /** Writes in one transaction, all or none; not synced. @returns why it could not be done. */
  write(operations: readonly StoredOperation[], undo?: EncodedOperation[][]): StoreFailure | undefined {
    const before = this.#committer.changes;
    const failure = this.#committer.write(operations, undo);
    if (this.#committer.changes === before) return failure;
    this.#meter.of(sharesOf(operations), () => this.#log.noteWritten());
    return failure;
  }

  /** The same for many operations, in turns of the event loop: `Committer.writeInTurns`. */
  async writeInTurns(
    operations: Iterable<StoredOperation>,
    turnMs: () => number,
  ): Promise<StoreFailure | undefined> {
    const before = this.#committer.changes;
    const lengths = new Lengths();
    const failure = await this.#committer.writeInTurns(lengths.counting(operations), turnMs);
    if (this.#committer.changes !== before) this.#meter.of(lengths.shares(), () => this.#log.noteWritten());
    return failure;
  }

  /** The same as `write`, and no earlier journal continues the database any more. */
  writeAnew(operations: readonly StoredOperation[]): StoreFailure | undefined {
    const next = { ...this.#lineage, epoch: this.#lineage.epoch + 1 };
    const failure = this.write([...operations, lineageOperation(next)]);
    if (failure === undefined) this.#lineage = next;
    return failure;
  }

  /** Makes what was written safe against a power cut. @returns why it could not be done. */
  async sync(): Promise<StoreFailure | undefined> {
    return this.#log.sync();
  }

  /** Moves the log into the database when it has so many pages: `WriteAheadLog.checkpoint`. */
  async checkpoint(least: number): Promise<StoreFailure | undefined> {
    return this.#log.checkpoint(least);
  }

  /** Closes the database in order. @throws what the engine throws. */
  async close(): Promise<void> {
    await this.#log.close();
  }
}

/** Which journal continues a database; `undefined` for one that never had one. */
export function lineageOf(driver: SqlDriver): Lineage | undefined {
  const value = driver.prepare("SELECT value FROM meta WHERE key = ?").get(LINEAGE)?.value;
  const [, id, epoch] = /^([a-z0-9]+):(\d+)$/.exec(String(value)) ?? [];
  return id === undefined ? undefined : { id, epoch: Number(epoch) };
}

function lineageOperation({ id, epoch }: Lineage): Extract<StoredOperation, { op: "meta" }> {
  return { op: "meta", key: LINEAGE, text: `${id}:${epoch}` };
}
