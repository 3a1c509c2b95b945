import { type Durability, type LogRow, type Operation, type Store, StoreError } from "@tram/core";
import type { Json } from "@tram/protocol";

interface Waiting {
  readonly operations: readonly Operation[];
  readonly durability: Durability;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A store before another one, whose commits the test may hold back, let through one by one, or lose in a crash. */
export class GatedStore implements Store {
  readonly #store: Store;
  readonly #waiting: Waiting[] = [];
  holding = false;

  constructor(store: Store) {
    this.#store = store;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  entries(table: string): Promise<ReadonlyMap<string, Json>> {
    return this.#store.entries(table);
  }

  rows(log: string, options: { after: number; limit: number }): Promise<readonly LogRow[]> {
    return this.#store.rows(log, options);
  }

  extent(log: string): Promise<{ readonly last: number; readonly count: number }> {
    return this.#store.extent(log);
  }

  commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    if (!this.holding) return this.#store.commit(operations, durability);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations: [...operations], durability, resolve, reject });
    });
  }

  /** Lets the commit at this place of the queue through, or fails it. */
  async release(index: number, kept: boolean): Promise<void> {
    const [commit] = this.#waiting.splice(index, 1);
    if (commit === undefined) return;
    if (!kept) {
      commit.reject(new StoreError("full", "no space left"));
      return;
    }
    await this.#store.commit(commit.operations, commit.durability);
    commit.resolve();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
