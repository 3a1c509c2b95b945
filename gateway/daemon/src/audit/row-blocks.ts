/** Rows that are counted, and go, together. */
const BLOCK_ROWS = 64;

/** How much a log holds, block by block: a number for each row would cost more than it is worth. */
export class RowBlocks {
  /** Bytes by number of the block; the oldest comes first. */
  readonly #blocks = new Map<number, number>();
  #total = 0;
  #oldest = 1;

  get bytes(): number {
    return this.#total;
  }

  /** @param seq position of a row, above that of the one before. */
  add(seq: number, bytes: number): void {
    if (this.#blocks.size === 0) this.#oldest = seq;
    const block = Math.floor(seq / BLOCK_ROWS);
    this.#blocks.set(block, (this.#blocks.get(block) ?? 0) + bytes);
    this.#total += bytes;
  }

  /** Lets go of the oldest blocks until the rest fits. @returns positions of their rows; some may not be there. */
  trim(mostBytes: number): readonly number[] {
    const gone: number[] = [];
    for (const [block, bytes] of this.#blocks) {
      if (this.#total <= mostBytes || this.#blocks.size === 1) break;
      const end = (block + 1) * BLOCK_ROWS;
      // Positions that were given and not kept leave gaps, small ones: nothing is lost by naming them.
      for (let seq = Math.max(this.#oldest, block * BLOCK_ROWS); seq < end; seq++) gone.push(seq);
      this.#blocks.delete(block);
      this.#total -= bytes;
      this.#oldest = end;
    }
    return gone;
  }
}
