import type { CloudMessage, MessageClass, Operation, Store, Unit } from "@tram/core";
import { type EpochMs, isJsonObject, type Json } from "@tram/protocol";
import { decodeRow, type QueuedMessage } from "./outbox-row.ts";

const PAGE_ROWS = 1_000;

/** A message that its cloud will never take, as it was. */
export interface ParkedMessage {
  /** What names it among the parked. */
  readonly seq: number;
  /** For people. */
  readonly reason: string;
  readonly parkedAt: EpochMs;
  /** Left out where the stored row could not be read. */
  readonly message?: CloudMessage;
}

/** Messages that their cloud will never take, kept aside with the reason so that somebody can look at them. */
export class ParkedRows {
  readonly #store: Store;
  readonly #log: string;
  readonly #limit: number;
  /** In order, with the class of each as far as it is known. */
  readonly #classes: Map<number, MessageClass>;
  #last: number;

  /**
   * Reads what is parked already.
   * @param limit rows that are kept; the oldest go first.
   */
  static async open(store: Store, log: string, limit: number): Promise<ParkedRows> {
    const { last } = await store.extent(log);
    const classes = new Map<number, MessageClass>();
    for (let after = 0; ; ) {
      const page = await store.rows(log, { after, limit: PAGE_ROWS });
      for (const { seq, value } of page) classes.set(seq, classOf(queuedIn(value)));
      after = page.at(-1)?.seq ?? after;
      if (page.length < PAGE_ROWS) return new ParkedRows(store, log, limit, classes, last);
    }
  }

  private constructor(
    store: Store,
    log: string,
    limit: number,
    classes: Map<number, MessageClass>,
    last: number,
  ) {
    this.#store = store;
    this.#log = log;
    this.#limit = limit;
    this.#classes = classes;
    this.#last = last;
  }

  get count(): number {
    return this.#classes.size;
  }

  /**
   * What to write in order to park a row, in the commit that takes it out of the queue.
   * @param row the row as it lay in the queue, there at `seq`.
   * @returns `gone`: the classes of the parked rows that were given up for it.
   */
  add(
    row: Json,
    why: { readonly reason: string; readonly at: EpochMs; readonly seq: number },
  ): { readonly operations: readonly Operation[]; readonly gone: readonly MessageClass[] } {
    const { reason, at: parkedAt, seq: was } = why;
    const seq = ++this.#last;
    this.#classes.set(seq, classOf(decodeRow(row)));
    const over = [...this.#classes].slice(0, Math.max(0, this.#classes.size - this.#limit));
    for (const [old] of over) this.#classes.delete(old);
    return {
      operations: [
        { op: "append", log: this.#log, seq, value: { reason, parkedAt, row, seq: was } },
        ...over.map(([old]): Operation => ({ op: "remove", log: this.#log, seq: old })),
      ],
      gone: over.map(([, messageClass]) => messageClass),
    };
  }

  /**
   * Shows what is parked, oldest first.
   * @throws {StoreError} when the store cannot be read.
   */
  async list(options: { readonly after: number; readonly limit: number }): Promise<readonly ParkedMessage[]> {
    const rows = await this.#store.rows(this.#log, options);
    return rows.flatMap(({ seq, value }) => {
      if (!this.#classes.has(seq) || !isJsonObject(value)) return [];
      const { reason, parkedAt } = value;
      const message = queuedIn(value)?.message;
      return {
        seq,
        reason: typeof reason === "string" ? reason : "unknown",
        parkedAt: typeof parkedAt === "number" ? parkedAt : 0,
        ...(message === undefined ? {} : { message }),
      };
    });
  }

  /**
   * Takes a row out for a unit that removes it; it is back when that was not kept.
   * @param wanted looks at the message, which is undefined where nobody can read it, and at its position in the queue, and
   * says whether it goes.
   * @returns whether it went into the unit; not, when there is no such row.
   * @throws {StoreError} when the store cannot be read.
   */
  async takeOut(
    seq: number,
    unit: Unit,
    wanted: (queued: QueuedMessage | undefined, was: number | undefined) => boolean,
  ): Promise<boolean> {
    if (!this.#classes.has(seq)) return false;
    const [row] = await this.#store.rows(this.#log, { after: seq - 1, limit: 1 });
    const value = row?.seq === seq ? row.value : null;
    const queued = queuedIn(value);
    const was = isJsonObject(value) && typeof value.seq === "number" ? value.seq : undefined;
    // Asked once more: somebody else may have been faster.
    if (!this.#classes.has(seq) || !wanted(queued, was)) return false;
    this.#classes.delete(seq);
    unit.remove(this.#log, seq);
    unit.after((kept) => {
      if (!kept) this.#putBack(seq, queued);
    });
    return true;
  }

  #putBack(seq: number, queued: QueuedMessage | undefined): void {
    const entries = [...this.#classes, [seq, classOf(queued)] as const].sort(([a], [b]) => a - b);
    this.#classes.clear();
    for (const [each, messageClass] of entries) this.#classes.set(each, messageClass);
  }
}

function queuedIn(value: Json): QueuedMessage | undefined {
  return isJsonObject(value) && value.row !== undefined ? decodeRow(value.row) : undefined;
}

/** Most of what is parked is telemetry, and so is taken what nobody can read. */
function classOf(queued: QueuedMessage | undefined): MessageClass {
  return queued?.message.class ?? "telemetry";
}
