import type { EpochMs } from "@tram/protocol";

/** Something that ends. Where it stands in the queue is written into it, so that it can leave from the middle. */
export interface Expiring {
  readonly expiresAt: EpochMs;
  /** Kept by the queue: the index in the heap. */
  queueIndex: number;
}

/** What ends first comes first: a binary heap. Adding and removing cost the logarithm of its size. */
export class ExpiryQueue<Item extends Expiring> {
  readonly #heap: Item[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get first(): Item | undefined {
    return this.#heap[0];
  }

  /** @param item is not in the queue. */
  add(item: Item): void {
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** @param item is in the queue. */
  remove(item: Item): void {
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    // The last takes the empty place, and may belong above or below it.
    this.#rise(last, item.queueIndex);
    this.#sink(last, last.queueIndex);
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = this.#heap[above];
      if (other === undefined || other.expiresAt <= item.expiresAt) break;
      this.#place(other, index);
      index = above;
    }
    this.#place(item, index);
  }

  #sink(item: Item, from: number): void {
    let index = from;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const earlier =
        right !== undefined && left !== undefined && right.expiresAt < left.expiresAt ? right : left;
      if (earlier === undefined || item.expiresAt <= earlier.expiresAt) break;
      const below = earlier.queueIndex;
      this.#place(earlier, index);
      index = below;
    }
    this.#place(item, index);
  }

  #place(item: Item, index: number): void {
    this.#heap[index] = item;
    item.queueIndex = index;
  }
}
