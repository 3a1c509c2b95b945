import type { Ms } from "@tram/protocol";

interface Entry<Key> {
  readonly at: Ms;
  readonly key: Key;
}

/** Stale entries that are carried along before the heap is built anew. */
const SLACK = 64;

/**
 * Who must be woken when, earliest first: a binary heap. Moving a key leaves its old entry behind, which is skipped
 * when it comes up.
 */
export class WakeQueue<Key> {
  #heap: Entry<Key>[] = [];
  readonly #current = new Map<Key, Ms>();

  /** Sets when a key is due; `undefined` removes it. O(log n). */
  set(key: Key, at: Ms | undefined): void {
    const before = this.#current.get(key);
    if (before === at) return;
    if (at === undefined) {
      this.#current.delete(key);
    } else {
      this.#current.set(key, at);
      this.#push({ at, key });
    }
    if (this.#heap.length > 2 * this.#current.size + SLACK) this.#rebuild();
  }

  /** When the first key is due. */
  earliest(): Ms | undefined {
    this.#dropStale();
    return this.#heap[0]?.at;
  }

  /** Takes out the keys that are due at `now` or before, earliest first. */
  takeDue(now: Ms): Key[] {
    const due: Key[] = [];
    for (let at = this.earliest(); at !== undefined && at <= now; at = this.earliest()) {
      const entry = this.#pop();
      if (entry === undefined) break;
      this.#current.delete(entry.key);
      due.push(entry.key);
    }
    return due;
  }

  clear(): void {
    this.#heap = [];
    this.#current.clear();
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#current.get(top.key) === top.at) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [key, at] of this.#current) this.#push({ at, key });
  }

  #push(entry: Entry<Key>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= entry.at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry<Key> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      const smaller = right !== undefined && right.at < left.at ? right : left;
      if (smaller === right) child++;
      if (smaller.at >= last.at) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}
