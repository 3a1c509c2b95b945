import type { StoredOperation } from "./committer.ts";
import type { EncodedOperation } from "./encode.ts";

/** What was acknowledged and is not in the database yet: of each key and each position the latest alone. */
export class Pending {
  /** By table and key; `undefined` for what was deleted. */
  #tables = new Map<string, Entries>();
  #logs = new Map<string, PendingLog>();
  /** What is on its way into the database; what came since is newer. */
  #sealed: { readonly tables: Map<string, Entries>; readonly logs: Map<string, PendingLog> } | undefined;

  get empty(): boolean {
    return this.#tables.size === 0 && this.#logs.size === 0 && this.#sealed === undefined;
  }

  /** Operations that the database is to take, beside those on their way. */
  get size(): number {
    let size = 0;
    for (const entries of this.#tables.values()) size += entries.size;
    for (const { rows } of this.#logs.values()) size += rows.size;
    return size;
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
   * Forgets what these operations, which are in the database now, have made old. Nothing may be on its way meanwhile.
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

  /**
   * Everything so far, as the database is to take it. It counts until `clear` says that the database has it, or
   * `unseal` that it has not; what is added meanwhile lies over it.
   */
  seal(): Iterable<StoredOperation> {
    const [tables, logs] = [this.#tables, this.#logs];
    this.#sealed = { tables, logs };
    this.#tables = new Map();
    this.#logs = new Map();
    return operationsOf(tables, logs);
  }

  /** The database has what was sealed. */
  clear(): void {
    this.#sealed = undefined;
  }

  /** The database has nothing of what was sealed. */
  unseal(): void {
    const sealed = this.#sealed;
    if (sealed === undefined) return;
    const [tables, logs] = [this.#tables, this.#logs];
    this.#sealed = undefined;
    this.#tables = sealed.tables;
    this.#logs = sealed.logs;
    for (const [table, entries] of tables) {
      const target = inner(this.#tables, table, () => new Map());
      for (const [key, text] of entries) target.set(key, text);
    }
    for (const [log, { rows, last }] of logs) {
      const target = inner(this.#logs, log, () => new PendingLog());
      for (const [seq, text] of rows) target.rows.set(seq, text);
      target.last = Math.max(target.last, last);
    }
  }

  /** What the database does not know of a table: texts by key, `undefined` for what was deleted. */
  table(table: string): ReadonlyMap<string, string | undefined> {
    const [below, above] = [this.#sealed?.tables.get(table), this.#tables.get(table)];
    return below !== undefined && above !== undefined
      ? new Map([...below, ...above])
      : (above ?? below ?? NONE);
  }

  /** The same of a log, by position; `last` is the highest position appended, 0 for none. */
  log(log: string): Readonly<PendingLog> {
    const [below, above] = [this.#sealed?.logs.get(log), this.#logs.get(log)];
    if (below === undefined || above === undefined) return above ?? below ?? NO_LOG;
    return { rows: new Map([...below.rows, ...above.rows]), last: Math.max(below.last, above.last) };
  }
}

type Entries = Map<string, string | undefined>;

class PendingLog {
  readonly rows = new Map<number, string | undefined>();
  last = 0;
}

/** Rows that go with one statement, at most: it holds the event loop. */
const LONGEST_RANGE = 1_000;
const NONE: ReadonlyMap<string, string | undefined> = new Map();
const NO_LOG: Readonly<PendingLog> = new PendingLog();

function* operationsOf(
  tables: ReadonlyMap<string, Entries>,
  logs: ReadonlyMap<string, PendingLog>,
): Generator<StoredOperation> {
  for (const [table, entries] of tables) {
    // As they lie in the file: each page is then read and written once, and not again and again as the cache gives it up.
    for (const key of [...entries.keys()].sort()) yield entryOperation(table, key, entries.get(key));
  }
  for (const [log, { rows, last }] of logs) {
    // First what goes: what comes then takes its pages, and the file does not grow.
    yield* removals(
      log,
      [...rows].filter(([, text]) => text === undefined).map(([seq]) => seq),
    );
    for (const [seq, text] of rows) if (text !== undefined) yield rowOperation(log, seq, text);
    // A row that came and went meanwhile was never in the database, which has to know its position all the same.
    if (last > 0 && rows.get(last) === undefined) yield { op: "head", log, last };
  }
}

/** A queue that drains leaves from its front: what lies side by side goes with one statement. */
function* removals(log: string, seqs: readonly number[]): Generator<StoredOperation> {
  const sorted = seqs.toSorted((a, b) => a - b);
  for (let at = 0; at < sorted.length; ) {
    const from = sorted[at++] as number;
    let to = from;
    while (at < sorted.length && sorted[at] === to + 1 && to - from + 1 < LONGEST_RANGE)
      to = sorted[at++] as number;
    yield from === to ? { op: "remove", log, seq: from } : { op: "remove-range", log, from, to };
  }
}

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
