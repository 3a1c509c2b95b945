/**
 * What the MQTT client uses of the package `lru-cache`, for the aliases of topics that it gives: a map of so many entries,
 * where the one that was used longest ago makes room. The package does ten times more, in 17 kB.
 */
export class LRUCache<Key, Value> {
  readonly #max: number;
  /** The one used longest ago first. */
  readonly #entries = new Map<Key, Value>();

  /** @param options.max entries, at least one. */
  constructor({ max }: { readonly max: number }) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns `undefined` when there is none. It counts as a use. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: Key, value: Value): this {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size > this.#max) this.#entries.delete(oldest);
    return this;
  }

  /** The one used last first, as the package has them. */
  keys(): IterableIterator<Key> {
    return [...this.#entries.keys()].reverse().values();
  }

  clear(): void {
    this.#entries.clear();
  }
}
