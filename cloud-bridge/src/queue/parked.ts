import type { Operation, Store } from "@tram/core";
import type { EpochMs, Json } from "@tram/protocol";

const PAGE_ROWS = 1_000;

/** Messages that their cloud will never take, kept aside with the reason so that somebody can look at them. */
export class ParkedRows {
  readonly #log: string;
  readonly #limit: number;
  #seqs: number[];
  #last: number;

  /**
   * Reads what is parked already.
   * @param limit rows that are kept; the oldest go first.
   */
  static async open(store: Store, log: string, limit: number): Promise<ParkedRows> {
    const { last } = await store.extent(log);
    const seqs: number[] = [];
    for (;;) {
      const page = await store.rows(log, { after: seqs.at(-1) ?? 0, limit: PAGE_ROWS });
      for (const row of page) seqs.push(row.seq);
      if (page.length < PAGE_ROWS) return new ParkedRows(log, limit, seqs, last);
    }
  }

  private constructor(log: string, limit: number, seqs: number[], last: number) {
    this.#log = log;
    this.#limit = limit;
    this.#seqs = seqs;
    this.#last = last;
  }

  get count(): number {
    return this.#seqs.length;
  }

  /**
   * What to write in order to park a row, in the commit that takes it out of the queue.
   * @param row the row as it lay in the queue.
   * @returns `gone`: how many parked rows were given up for it.
   */
  add(row: Json, why: { reason: string; at: EpochMs }): { operations: readonly Operation[]; gone: number } {
    const seq = ++this.#last;
    this.#seqs.push(seq);
    const over = this.#seqs.splice(0, Math.max(0, this.#seqs.length - this.#limit));
    return {
      operations: [
        { op: "append", log: this.#log, seq, value: { reason: why.reason, parkedAt: why.at, row } },
        ...over.map((old): Operation => ({ op: "remove", log: this.#log, seq: old })),
      ],
      gone: over.length,
    };
  }
}
