import type { EpochMs } from "@tram/protocol";

/** What is known of a queued row without its payload. */
export interface Row {
  /** Position in the outbox log. */
  readonly seq: number;
  /** When it was queued; NaN where no clock could be believed then. */
  readonly time: EpochMs;
  /** Size of the stored row, in bytes of JSON. */
  readonly bytes: number;
}

const FIELDS = 3;
const FIRST_ROWS = 4;

/**
 * A double-ended queue of rows in one flat array: 24 bytes a row, where objects would cost about 100. A million queued
 * rows must fit a router. Positions ascend from the first row to the last.
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

  /** Its position, or `undefined`. */
  get headSeq(): number | undefined {
    return this.#length === 0 ? undefined : this.#seqAt(0);
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
    this.#giveBack();
    return row;
  }

  has(seq: number): boolean {
    const index = this.#indexFrom(seq);
    return index < this.#length && this.#seqAt(index) === seq;
  }

  /**
   * Takes rows out wherever they are. It costs what lies before the last of them.
   * @param seqs ascending; those that are not here are ignored.
   * @returns the rows that were here, ascending.
   */
  remove(seqs: readonly number[]): readonly Row[] {
    const found: Row[] = [];
    let wanted = seqs.length - 1;
    let write = this.#indexFrom((seqs[wanted] ?? 0) + 1) - 1;
    for (let index = write; index >= 0; index--) {
      const seq = this.#seqAt(index);
      while (wanted >= 0 && (seqs[wanted] ?? 0) > seq) wanted--;
      if (wanted < 0 && found.length === 0) break;
      const row = this.#read(this.#slot(index));
      if (seqs[wanted] === seq) found.push(row);
      else this.#write(this.#slot(write--), row);
    }
    this.#start = this.#slot(found.length);
    this.#length -= found.length;
    this.#giveBack();
    return found.reverse();
  }

  /** Puts rows in where they belong. It costs what lies before the last of them. @param rows ascending. */
  insert(rows: readonly Row[]): void {
    while (this.#length + rows.length > this.#capacity) {
      this.#resize(Math.max(FIRST_ROWS, this.#capacity * 2));
    }
    if (rows.length === 0) return;
    this.#start = (this.#start - rows.length + this.#capacity) % this.#capacity;
    this.#length += rows.length;
    let write = 0;
    let read = rows.length;
    for (const row of rows) {
      for (; read < this.#length && this.#seqAt(read) < row.seq; read++) {
        this.#write(this.#slot(write++), this.#read(this.#slot(read)));
      }
      this.#write(this.#slot(write++), row);
    }
  }

  get #capacity(): number {
    return this.#cells.length / FIELDS;
  }

  /** Place of the first row at this position or behind it. */
  #indexFrom(seq: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#seqAt(middle) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #slot(index: number): number {
    return this.#capacity === 0 ? 0 : (this.#start + index) % this.#capacity;
  }

  #seqAt(index: number): number {
    return this.#cells[this.#slot(index) * FIELDS] ?? 0;
  }

  #giveBack(): void {
    while (this.#length < this.#capacity / 4 && this.#capacity > FIRST_ROWS) this.#resize(this.#capacity / 2);
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
