import { type Durability, type LogRow, type Operation, type Store, StoreError } from "@tram/core";
import type { Json } from "@tram/protocol";

/**
 * The store in memory, for tests: same contract as the real one, and it can be told to fail.
 * Keep the instance and open "again" by using it again: that is a process crash.
 */
export class MemoryStore implements Store {
  readonly #tables = new Map<string, Map<string, Json>>();
  readonly #logs = new Map<string, { rows: Map<number, Json>; last: number }>();
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
    return [...(this.#logs.get(log)?.rows ?? [])]
      .filter(([seq]) => seq > options.after)
      .sort(([a], [b]) => a - b)
      .slice(0, options.limit)
      .map(([seq, value]) => ({ seq, value: structuredClone(value) }));
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
    const log = this.#logs.get(operation.log) ?? { rows: new Map<number, Json>(), last: 0 };
    this.#logs.set(operation.log, log);
    if (operation.op === "remove") {
      log.rows.delete(operation.seq);
      return;
    }
    log.rows.set(operation.seq, operation.value);
    log.last = Math.max(log.last, operation.seq);
  }
}
