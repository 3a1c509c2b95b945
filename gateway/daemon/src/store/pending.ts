import type { StoredOperation } from "./committer.ts";
import type { EncodedOperation } from "./encode.ts";

/** What was acknowledged and is not in the database yet: of each key and each position the latest alone. */
export class Pending {
  /** By table and key; `undefined` for what was deleted. */
  readonly #tables = new Map<string, Map<string, string | undefined>>();
  readonly #logs = new Map<string, PendingLog>();

  get empty(): boolean {
    return this.#tables.size === 0 && this.#logs.size === 0;
  }

  add(operations: readonly EncodedOperation[]): void {
    for (const operation of operations) {
      if ("table" in operation) {
        const { table, key } = operation;
        inner(this.#tables, table, () => new Map()).set(
          key,
          "text" in operation ? operation.text : undefined,
        );
        continue;
      }
      const { log, seq } = operation;
      const pending = inner(this.#logs, log, () => new PendingLog());
      pending.rows.set(seq, "text" in operation ? operation.text : undefined);
      if (operation.op === "append" && seq > pending.last) pending.last = seq;
    }
  }

  /**
   * Forgets what these operations, which are in the database now, have made old.
   * @returns what was forgotten, for `restore`.
   */
  supersede(operations: readonly EncodedOperation[]): readonly EncodedOperation[] {
    const forgotten: EncodedOperation[] = [];
    for (const operation of operations) {
      if ("table" in operation) {
        const { table, key } = operation;
        const entries = this.#tables.get(table);
        if (entries?.has(key) !== true) continue;
        forgotten.push(entryOperation(table, key, entries.get(key)));
        entries.delete(key);
        if (entries.size === 0) this.#tables.delete(table);
        continue;
      }
      const { log, seq } = operation;
      const pending = this.#logs.get(log);
      if (pending?.rows.has(seq) !== true) continue;
      forgotten.push(rowOperation(log, seq, pending.rows.get(seq)));
      pending.rows.delete(seq);
      // A row that is removed before the database had it leaves its position behind.
      if (pending.rows.size === 0 && operation.op === "append" && seq >= pending.last) this.#logs.delete(log);
    }
    return forgotten;
  }

  /** Takes back what was forgotten, where nothing newer has come since. */
  restore(forgotten: readonly EncodedOperation[]): void {
    this.add(
      forgotten.filter((operation) =>
        "table" in operation
          ? this.#tables.get(operation.table)?.has(operation.key) !== true
          : this.#logs.get(operation.log)?.rows.has(operation.seq) !== true,
      ),
    );
  }

  /** Everything, as the database is to take it. */
  operations(): readonly StoredOperation[] {
    const operations: StoredOperation[] = [];
    for (const [table, entries] of this.#tables) {
      for (const [key, text] of entries) operations.push(entryOperation(table, key, text));
    }
    for (const [log, { rows, last }] of this.#logs) {
      for (const [seq, text] of rows) operations.push(rowOperation(log, seq, text));
      // A row that came and went meanwhile was never in the database, which has to know its position all the same.
      if (last > 0 && rows.get(last) === undefined) operations.push({ op: "head", log, last });
    }
    return operations;
  }

  /** The database has everything. */
  clear(): void {
    this.#tables.clear();
    this.#logs.clear();
  }

  /** What the database does not know of a table: texts by key, `undefined` for what was deleted. */
  table(table: string): ReadonlyMap<string, string | undefined> {
    return this.#tables.get(table) ?? NONE;
  }

  /** The same of a log, by position; `last` is the highest position appended, 0 for none. */
  log(log: string): Readonly<PendingLog> {
    return this.#logs.get(log) ?? NO_LOG;
  }
}

class PendingLog {
  readonly rows = new Map<number, string | undefined>();
  last = 0;
}

const NONE: ReadonlyMap<string, string | undefined> = new Map();
const NO_LOG: Readonly<PendingLog> = new PendingLog();

function entryOperation(table: string, key: string, text: string | undefined): EncodedOperation {
  return text === undefined ? { op: "delete", table, key } : { op: "put", table, key, text };
}

function rowOperation(log: string, seq: number, text: string | undefined): EncodedOperation {
  return text === undefined ? { op: "remove", log, seq } : { op: "append", log, seq, text };
}

function inner<Value>(outer: Map<string, Value>, key: string, make: () => Value): Value {
  let value = outer.get(key);
  if (value === undefined) {
    value = make();
    outer.set(key, value);
  }
  return value;
}
