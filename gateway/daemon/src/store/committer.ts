import { setImmediate as nextTurn } from "node:timers/promises";
import type { EncodedOperation } from "./encode.ts";
import type { SqlDriver, SqlStatement } from "./sql-driver.ts";
import { attempt, failureOf, type StoreFailure } from "./store-failure.ts";

/** What the database takes. */
export type StoredOperation =
  | EncodedOperation
  /** The highest position of a log, where its row is gone already. */
  | { readonly op: "head"; readonly log: string; readonly last: number }
  /** Rows that lie side by side, each of which is to go. */
  | { readonly op: "remove-range"; readonly log: string; readonly from: number; readonly to: number }
  | { readonly op: "meta"; readonly key: string; readonly text: string };

/** Operations between two looks at the time. */
const ASKED_EACH = 16;

/**
 * Writes to the database, in transactions that are not synced: the file systems of the kernel have them then, so that the
 * end of the process loses nothing, and a sync of the write-ahead log makes them safe against a power cut. Whoever syncs
 * that does it beside the event loop, and moves the log into the database (`working-database.ts`).
 */
export class Committer {
  readonly #driver: SqlDriver;
  readonly #isReadOnly: () => boolean;
  readonly #put: SqlStatement;
  readonly #delete: SqlStatement;
  readonly #append: SqlStatement;
  readonly #rememberLast: SqlStatement;
  readonly #remove: SqlStatement;
  readonly #rememberLastOf: SqlStatement;
  readonly #removeRange: SqlStatement;
  readonly #head: SqlStatement;
  readonly #meta: SqlStatement;
  readonly #entry: SqlStatement;
  readonly #row: SqlStatement;
  #changes = 0;

  /** @param isReadOnly tells a disk that became read-only from one that fails. */
  constructor(driver: SqlDriver, isReadOnly: () => boolean) {
    this.#driver = driver;
    this.#isReadOnly = isReadOnly;
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
    this.#rememberLastOf = driver.prepare(
      `INSERT INTO log_head (log, last)
       SELECT log, seq FROM log_row
       WHERE log = ? AND seq BETWEEN ? AND ? AND seq = (SELECT max(seq) FROM log_row WHERE log = ?)
       ON CONFLICT DO UPDATE SET last = excluded.last WHERE last < excluded.last`,
    );
    this.#removeRange = driver.prepare("DELETE FROM log_row WHERE log = ? AND seq BETWEEN ? AND ?");
    this.#head = driver.prepare(
      `INSERT INTO log_head (log, last) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET last = excluded.last WHERE last < excluded.last`,
    );
    this.#meta = driver.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)");
    this.#entry = driver.prepare("SELECT value FROM entry WHERE tbl = ? AND key = ?");
    this.#row = driver.prepare("SELECT value FROM log_row WHERE log = ? AND seq = ?");
  }

  /** Rows changed so far; tells whether a snapshot would differ from the last one. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * Writes operations in one transaction, all or none.
   * @param undo gets a list of what would take them back; of several lists the last is written first.
   * @returns why it could not be done, or `undefined`.
   */
  write(operations: readonly StoredOperation[], undo?: EncodedOperation[][]): StoreFailure | undefined {
    const inverse: EncodedOperation[] = [];
    try {
      this.#changes += this.#transaction(operations, undo && inverse);
      undo?.push(inverse);
      return undefined;
    } catch (error) {
      return this.#failed(error);
    }
  }

  /**
   * The same for many operations: the event loop goes on in between. Nothing else may be written meanwhile.
   * @param turnMs longest time without a pause from now on, in milliseconds; 0 or more.
   */
  async writeInTurns(
    operations: Iterable<StoredOperation>,
    turnMs: () => number,
  ): Promise<StoreFailure | undefined> {
    let changes = 0;
    try {
      this.#driver.exec("BEGIN IMMEDIATE");
      let count = 0;
      let until = performance.now() + turnMs();
      for (const operation of operations) {
        if (++count % ASKED_EACH === 0 && performance.now() >= until) {
          await nextTurn();
          until = performance.now() + turnMs();
        }
        changes += this.#apply(operation);
      }
      // Its last pages are written only now.
      await nextTurn();
      this.#driver.exec("COMMIT");
      this.#changes += changes;
      return undefined;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #transaction(operations: readonly StoredOperation[], inverse: EncodedOperation[] | undefined): number {
    let changes = 0;
    this.#driver.exec("BEGIN IMMEDIATE");
    for (const operation of operations) {
      if (inverse !== undefined) this.#rememberInverse(operation, inverse);
      changes += this.#apply(operation);
    }
    this.#driver.exec("COMMIT");
    inverse?.reverse();
    return changes;
  }

  /** Ends the transaction that something failed in. @returns why. */
  #failed(error: unknown): StoreFailure {
    // After some errors SQLite has rolled back by itself.
    attempt(() => this.#driver.inTransaction && this.#driver.exec("ROLLBACK"));
    const failure = failureOf(error);
    // A file system that went read-only under an open file looks like any other failed write to SQLite.
    return failure.code === "io" && failure.scope === "medium" && this.#isReadOnly()
      ? { ...failure, code: "read-only" }
      : failure;
  }

  #apply(operation: StoredOperation): number {
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
      case "remove-range":
        return this.#removeAll(operation);
      case "head":
        return this.#head.run(operation.log, operation.last);
      case "meta":
        return this.#meta.run(operation.key, operation.text);
    }
  }

  #removeAll({ log, from, to }: Extract<StoredOperation, { op: "remove-range" }>): number {
    this.#rememberLastOf.run(log, from, to, log);
    return this.#removeRange.run(log, from, to);
  }

  #rememberInverse(operation: StoredOperation, inverse: EncodedOperation[]): void {
    if ("table" in operation) {
      const { table, key } = operation;
      const text = this.#entry.get(table, key)?.value;
      inverse.push(
        text === undefined ? { op: "delete", table, key } : { op: "put", table, key, text: String(text) },
      );
    } else if ("seq" in operation) {
      const { log, seq } = operation;
      const text = this.#row.get(log, seq)?.value;
      inverse.push(
        text === undefined ? { op: "remove", log, seq } : { op: "append", log, seq, text: String(text) },
      );
    }
  }
}
