import { randomBytes } from "node:crypto";
import { Committer, type StoredOperation } from "./committer.ts";
import { Medium } from "./disk.ts";
import type { EncodedOperation } from "./encode.ts";
import type { Lineage } from "./journal.ts";
import type { SqlDriver } from "./sql-driver.ts";
import { failureOf, type StoreFailure } from "./store-failure.ts";

/** The log is moved into the database when it has this many bytes: about 250 pages. */
const CHECKPOINT_BYTES = 1_048_576;
const LINEAGE = "journal";

/** The database, open for writing, with the order of writes and syncs that a power cut cannot break. */
export class WorkingDatabase {
  readonly driver: SqlDriver;
  readonly #medium: Medium;
  readonly #committer: Committer;
  #lineage: Lineage;
  /** Something was written and not synced since. */
  #dirty = false;

  /**
   * @param driver of a sound database in WAL mode that nobody writes yet.
   * @throws what the engine throws.
   */
  constructor(driver: SqlDriver, file: string) {
    this.driver = driver;
    // With the syncs of SQLite: a log that a crash has left is moved into the database, and its file emptied.
    driver.exec("PRAGMA synchronous = FULL");
    driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const known = lineageOf(driver);
    this.#lineage = known ?? { id: randomBytes(8).toString("hex"), epoch: 1 };
    if (known === undefined) {
      const { key, text } = lineageOperation(this.#lineage);
      driver.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(key, text);
      driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    driver.exec("PRAGMA synchronous = OFF");
    driver.exec("PRAGMA wal_autocheckpoint = 0");
    this.#medium = new Medium(file);
    this.#committer = new Committer(driver, this.#medium.isReadOnly);
  }

  get lineage(): Lineage {
    return this.#lineage;
  }

  /** True when a power cut now would cost something that was written. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Rows changed so far. */
  get changes(): number {
    return this.#committer.changes;
  }

  /** Writes in one transaction, all or none; not synced. @returns why it could not be done. */
  write(operations: readonly StoredOperation[], undo?: EncodedOperation[][]): StoreFailure | undefined {
    const before = this.#committer.changes;
    const failure = this.#committer.write(operations, undo);
    if (this.#committer.changes > before) this.#dirty = true;
    return failure;
  }

  /** The same, and no earlier journal continues the database any more. */
  writeAnew(operations: readonly StoredOperation[]): StoreFailure | undefined {
    const next = { ...this.#lineage, epoch: this.#lineage.epoch + 1 };
    const failure = this.write([...operations, lineageOperation(next)]);
    if (failure === undefined) this.#lineage = next;
    return failure;
  }

  /** Makes what was written safe against a power cut. @returns why it could not be done. */
  async sync(): Promise<StoreFailure | undefined> {
    if (!this.#dirty) return undefined;
    try {
      await this.#medium.syncLog();
      this.#dirty = false;
      return undefined;
    } catch (error) {
      return { ...failureOf(error), scope: "medium" };
    }
  }

  /**
   * Moves the log into the database when it has grown large. Nobody may write meanwhile.
   *
   * SQLite syncs nothing here (`synchronous = OFF`), so the order is ours: the log is synced before the database is
   * written; the database is synced before the log is emptied; and the empty log is synced before anything new is
   * written to it. Else a power cut could bring back the beginning of the old log, over pages that are newer (SQLite's own
   * reason to sync the head of a log that it begins anew).
   * @returns why it could not be done; nothing is lost then, the log is only longer.
   */
  async checkpoint(least = CHECKPOINT_BYTES): Promise<StoreFailure | undefined> {
    try {
      if (this.#medium.logBytes() < least) return undefined;
      const failure = await this.sync();
      if (failure !== undefined) return failure;
      // Somebody who reads the database for long, such as a snapshot, is not waited for: the next time will do.
      const moved = this.driver.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
      if (moved?.busy !== 0 || moved.log !== moved.checkpointed) return undefined;
      await this.#medium.syncDatabase();
      this.driver.exec("PRAGMA busy_timeout = 0");
      this.driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      await this.#medium.syncLogLength();
      return undefined;
    } catch (error) {
      return { ...failureOf(error), scope: "medium" };
    } finally {
      this.driver.exec("PRAGMA busy_timeout = 250");
    }
  }

  /** Closes the database in order: SQLite moves the log into it, with its own syncs. @throws what the engine throws. */
  close(): void {
    try {
      this.driver.exec("PRAGMA synchronous = FULL");
      this.driver.close();
    } finally {
      this.#medium[Symbol.dispose]();
    }
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
