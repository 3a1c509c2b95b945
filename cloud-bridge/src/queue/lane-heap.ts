import type { Lane } from "./lane.ts";

interface Entry {
  readonly seq: number;
  readonly lane: Lane;
}

/**
 * Lanes by their first waiting row, lowest position first. Entries are corrected when they surface: a lane moves on
 * while it is in here, and telling the heap each time would cost more than looking twice.
 */
export class LaneHeap {
  readonly #entries: Entry[] = [];
  /** The entry of each lane that counts; others of the same lane are left-overs. */
  readonly #current = new Map<Lane, number>();

  /** Adds a lane, or tells that its first row came forward. An empty lane is ignored. */
  push(lane: Lane): void {
    const seq = lane.waiting.headSeq;
    if (seq === undefined) return;
    const known = this.#current.get(lane);
    if (known !== undefined && known <= seq) return;
    this.#current.set(lane, seq);
    this.#rise({ seq, lane });
  }

  /** Takes out the lane whose first row is the oldest. */
  pop(): Lane | undefined {
    for (;;) {
      const entry = this.#sink();
      if (entry === undefined) return undefined;
      const { seq, lane } = entry;
      if (this.#current.get(lane) !== seq) continue;
      this.#current.delete(lane);
      if (lane.waiting.headSeq === seq) return lane;
      this.push(lane);
    }
  }

  #rise(entry: Entry): void {
    const entries = this.#entries;
    let index = entries.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || above.seq <= entry.seq) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  #sink(): Entry | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = entries[2 * index + 1];
      const right = entries[2 * index + 2];
      const smaller = right !== undefined && left !== undefined && right.seq < left.seq ? right : left;
      if (smaller === undefined || smaller.seq >= last.seq) break;
      entries[index] = smaller;
      index = 2 * index + (smaller === right ? 2 : 1);
    }
    entries[index] = last;
    return first;
  }
}
