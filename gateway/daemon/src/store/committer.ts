import type { SqlDriver, SqlStatement } from "./sql-driver.ts";
import { failureOf, type StoreFailure } from "./store-failure.ts";
import type { WireBatch, WireOperation } from "./wire.ts";

/** What the committer asks of the disk beside SQL. */
export interface Medium {
  /** Syncs the write-ahead log of the database. Throws the system's error. */
  syncWal(): void;
  isReadOnly(): boolean;
}

/**
 * Writes batches as group commits over the only write connection. The database is in WAL mode.
 *
 * Why `synchronous` is NORMAL for groups that need only survive a crash of the process: what was written to the WAL is
 * in the kernel then, so `kill -9` cannot lose it, and no commit syncs. OFF would not sync at checkpoints either, and
 * a power cut could then damage the whole database instead of costing the last sync window.
 *
 * FULL syncs the WAL file after the frames of the transaction and before COMMIT returns. The sync is of the whole
 * file, so it also keeps what earlier NORMAL commits wrote; what a checkpoint had moved out of the WAL before was
 * synced by the checkpoint (https://sqlite.org/pragma.html#pragma_synchronous).
 */
export class Committer {
  readonly #driver: SqlDriver;
  readonly #medium: Medium;
  readonly #put: SqlStatement;
  readonly #delete: SqlStatement;
  readonly #append: SqlStatement;
  readonly #rememberLast: SqlStatement;
  readonly #remove: SqlStatement;
  #synchronous: "FULL" | "NORMAL" | undefined;
  #unsynced = false;
  #changes = 0;

  constructor(driver: SqlDriver, medium: Medium) {
    this.#driver = driver;
    this.#medium = medium;
    // A value that is there already is left alone: no page is written, and the count of changes says so.
    this.#put = driver.prepare(
      `INSERT INTO entry (tbl, key, value) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
    );
    this.#delete = driver.prepare("DELETE FROM entry WHERE tbl = ? AND key = ?");
    this.#append = driver.prepare(
      `INSERT INTO log_row (log, seq, value) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
    );
    // The highest position needs remembering only when its row goes: an append then costs one page less of the WAL.
    this.#rememberLast = driver.prepare(
      `INSERT INTO log_head (log, last)
       SELECT log, seq FROM log_row AS top WHERE log = ? AND seq = ?
         AND NOT EXISTS (SELECT 1 FROM log_row WHERE log = top.log AND seq > top.seq)
       ON CONFLICT DO UPDATE SET last = excluded.last WHERE last < excluded.last`,
    );
    this.#remove = driver.prepare("DELETE FROM log_row WHERE log = ? AND seq = ?");
  }

  /** True when a power cut now would cost something that was committed. */
  get unsynced(): boolean {
    return this.#unsynced;
  }

  /** Rows changed so far; tells whether a snapshot would differ from the last one. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * Keeps a group in one transaction, as strongly as its strongest batch asks. When that fails each batch gets its
   * own transaction, so that a bad one does not take the others along.
   * @returns for each batch why it was not kept, or `undefined`.
   */
  commit(batches: readonly WireBatch[]): (StoreFailure | undefined)[] {
    const failure = this.#keep(batches);
    if (failure === undefined || failure.scope === "medium" || batches.length === 1) {
      return batches.map(() => failure);
    }
    return batches.map((batch) => this.#keep([batch]));
  }

  /** Makes everything that was committed safe against a power cut. */
  sync(): StoreFailure | undefined {
    if (!this.#unsynced) return undefined;
    try {
      // A sync alone, rather than a small commit: it writes no page, each minute of the year.
      this.#medium.syncWal();
      this.#unsynced = false;
      return undefined;
    } catch (error) {
      return this.#failure(error);
    }
  }

  #keep(batches: readonly WireBatch[]): StoreFailure | undefined {
    const power = batches.some((batch) => batch.power);
    try {
      const changes = this.#transaction(batches, power ? "FULL" : "NORMAL");
      this.#changes += changes;
      if (!power) this.#unsynced ||= changes > 0;
      // SQLite syncs nothing for a transaction that changed nothing, but what it found there may be unsynced still.
      else if (changes === 0) return this.sync();
      else this.#unsynced = false;
      return undefined;
    } catch (error) {
      return this.#failure(error);
    }
  }

  #transaction(batches: readonly WireBatch[], synchronous: "FULL" | "NORMAL"): number {
    if (this.#synchronous !== synchronous) {
      this.#driver.exec(`PRAGMA synchronous = ${synchronous}`);
      this.#synchronous = synchronous;
    }
    let changes = 0;
    this.#driver.exec("BEGIN IMMEDIATE");
    try {
      for (const { operations } of batches) {
        for (const operation of operations) changes += this.#apply(operation);
      }
      this.#driver.exec("COMMIT");
    } catch (error) {
      // After some errors SQLite has rolled back by itself.
      if (this.#driver.inTransaction) this.#driver.exec("ROLLBACK");
      throw error;
    }
    return changes;
  }

  #apply(operation: WireOperation): number {
    switch (operation.op) {
      case "put":
        return this.#put.run(operation.table, operation.key, operation.text);
      case "delete":
        return this.#delete.run(operation.table, operation.key);
      case "append":
        return this.#append.run(operation.log, operation.seq, operation.text);
      case "remove":
        this.#rememberLast.run(operation.log, operation.seq);
        return this.#remove.run(operation.log, operation.seq);
    }
  }

  #failure(error: unknown): StoreFailure {
    const failure = failureOf(error);
    // A file system that went read-only under an open file looks like any other failed write to SQLite.
    return failure.code === "io" && failure.scope === "medium" && this.#medium.isReadOnly()
      ? { ...failure, code: "read-only" }
      : failure;
  }
}
