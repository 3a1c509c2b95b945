import { type Durability, type LogRow, type Operation, type Store, StoreError } from "@tram/core";
import type { Json } from "@tram/protocol";

interface MemoryLog {
  readonly rows: Map<number, Json>;
  /** Positions, ascending; some of them may have been removed since. */
  order: number[];
  last: number;
}

/**
 * The store in memory, for tests: same contract as the real one, and it can be told to fail.
 * Keep the instance and open "again" by using it again: that is a process crash.
 */
export class MemoryStore implements Store {
  readonly #tables = new Map<string, Map<string, Json>>();
  readonly #logs = new Map<string, MemoryLog>();
  /** Every commit, for tests that ask what was written and how strongly. */
  readonly commits: { readonly operations: readonly Operation[]; readonly durability: Durability }[] = [];
  #failure: StoreError | undefined;
  #closed = false;
  #held: Promise<void> | undefined;

  /** From now on commits wait. @returns lets them go on, in their order. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => {
      release = () => {
        this.#held = undefined;
        resolve();
      };
    });
    return release;
  }

  /** From now on each commit fails with this error; `undefined` heals the store. */
  failWith(error: StoreError | undefined): void {
    this.#failure = error;
  }

  async entries(table: string): Promise<ReadonlyMap<string, Json>> {
    const entries = [...(this.#tables.get(table) ?? [])];
    return structuredClone(new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  async rows(log: string, options: { after: number; limit: number }): Promise<readonly LogRow[]> {
    const found = this.#logs.get(log);
    const rows: LogRow[] = [];
    if (found === undefined) return rows;
    const { order, rows: values } = found;
    for (let place = placeOf(order, options.after + 1); place < order.length; place++) {
      if (rows.length >= options.limit) break;
      const seq = order[place] as number;
      const value = values.get(seq);
      if (value !== undefined) rows.push({ seq, value: structuredClone(value) });
    }
    return rows;
  }

  async extent(log: string): Promise<{ last: number; count: number }> {
    const found = this.#logs.get(log);
    return { last: found?.last ?? 0, count: found?.rows.size ?? 0 };
  }

  async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    if (this.#held !== undefined) await this.#held;
    if (this.#closed) throw new StoreError("closed", "the store is closed");
    if (this.#failure !== undefined) throw this.#failure;
    const copy = structuredClone(operations);
    for (const operation of copy) this.#apply(operation);
    this.commits.push({ operations: copy, durability });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Opens the same content again, as after a crash of the process. */
  reopen(): void {
    this.#closed = false;
  }

  #apply(operation: Operation): void {
    if (operation.op === "put" || operation.op === "delete") {
      const table = this.#tables.get(operation.table) ?? new Map<string, Json>();
      this.#tables.set(operation.table, table);
      if (operation.op === "put") table.set(operation.key, operation.value);
      else table.delete(operation.key);
      return;
    }
    const log = this.#logs.get(operation.log) ?? { rows: new Map<number, Json>(), order: [], last: 0 };
    this.#logs.set(operation.log, log);
    if (operation.op === "remove") {
      log.rows.delete(operation.seq);
      if (log.order.length > 2 * log.rows.size + 64) log.order = log.order.filter((seq) => log.rows.has(seq));
      return;
    }
    const place = placeOf(log.order, operation.seq);
    if (log.order[place] !== operation.seq) log.order.splice(place, 0, operation.seq);
    log.rows.set(operation.seq, operation.value);
    log.last = Math.max(log.last, operation.seq);
  }
}

/** Where a position is among ascending ones, or belongs. */
function placeOf(order: readonly number[], seq: number): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((order[middle] as number) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
