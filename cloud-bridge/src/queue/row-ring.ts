import type { EpochMs } from "@tram/protocol";

/** What is known of a queued row without its payload. */
export interface Row {
  /** Position in the outbox log. */
  readonly seq: number;
  /** Source time. */
  readonly time: EpochMs;
  /** Size of the stored row, in bytes of JSON. */
  readonly bytes: number;
}

const FIELDS = 3;
const FIRST_ROWS = 4;

/**
 * A double-ended queue of rows in one flat array: 24 bytes a row, where objects would cost about 100. A million queued
 * rows must fit a router.
 */
export class RowRing {
  #cells = new Float64Array(0);
  #start = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The first row, or `undefined`. */
  get head(): Row | undefined {
    return this.#length === 0 ? undefined : this.#read(this.#start);
  }

  push(row: Row): void {
    this.#makeRoom();
    this.#write((this.#start + this.#length) % this.#capacity, row);
    this.#length++;
  }

  unshift(row: Row): void {
    this.#makeRoom();
    this.#start = (this.#start - 1 + this.#capacity) % this.#capacity;
    this.#write(this.#start, row);
    this.#length++;
  }

  shift(): Row | undefined {
    const row = this.head;
    if (row === undefined) return undefined;
    this.#start = (this.#start + 1) % this.#capacity;
    this.#length--;
    if (this.#length < this.#capacity / 4 && this.#capacity > FIRST_ROWS) this.#resize(this.#capacity / 2);
    return row;
  }

  get #capacity(): number {
    return this.#cells.length / FIELDS;
  }

  #makeRoom(): void {
    if (this.#length === this.#capacity) this.#resize(Math.max(FIRST_ROWS, this.#capacity * 2));
  }

  #resize(capacity: number): void {
    const cells = new Float64Array(capacity * FIELDS);
    const first = Math.min(this.#length, this.#capacity - this.#start);
    cells.set(this.#cells.subarray(this.#start * FIELDS, (this.#start + first) * FIELDS));
    cells.set(this.#cells.subarray(0, (this.#length - first) * FIELDS), first * FIELDS);
    this.#cells = cells;
    this.#start = 0;
  }

  #read(slot: number): Row {
    const at = slot * FIELDS;
    return { seq: this.#cells[at] ?? 0, time: this.#cells[at + 1] ?? 0, bytes: this.#cells[at + 2] ?? 0 };
  }

  #write(slot: number, row: Row): void {
    const at = slot * FIELDS;
    this.#cells[at] = row.seq;
    this.#cells[at + 1] = row.time;
    this.#cells[at + 2] = row.bytes;
  }
}
