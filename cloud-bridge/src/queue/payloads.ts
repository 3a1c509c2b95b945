import type { Store } from "@tram/core";
import { decodeRow, type QueuedMessage } from "./outbox-row.ts";

const WINDOW_ROWS = 1_000;
const WINDOW_BYTES = 1_048_576;
/** Pages at hand: where the backlog is, where the newest rows are, and one for a lane that stayed behind. */
const PAGES = 3;
const PAGE_BYTES = 524_288;
const PAGE_ROWS = { least: 16, most: 1_000 } as const;

/**
 * The payloads that are in memory: a bounded window of fresh messages, which is all there is while the cloud is
 * reachable, and the last pages that were read back while a backlog drains.
 */
export class Payloads {
  readonly #store: Store;
  readonly #log: string;
  readonly #rowBytes: () => number;
  readonly #window = new Map<number, { message: QueuedMessage; bytes: number }>();
  #windowBytes = 0;
  /** The one that was used last comes first. */
  #pages: Map<number, QueuedMessage>[] = [];
  /** What was forgotten during each read that is under way: what it brings of that is old. */
  readonly #reads = new Set<Set<number>>();

  /** @param rowBytes bytes of a row as they are now, on average. */
  constructor(store: Store, log: string, rowBytes: () => number) {
    this.#store = store;
    this.#log = log;
    this.#rowBytes = rowBytes;
  }

  /** Keeps a message at hand if there is room: the oldest are needed first, so the newest stay out. */
  remember(seq: number, message: QueuedMessage, bytes: number): void {
    if (this.#window.size >= WINDOW_ROWS || this.#windowBytes + bytes > WINDOW_BYTES) return;
    this.#window.set(seq, { message, bytes });
    this.#windowBytes += bytes;
  }

  /** The row is gone, or another one now. */
  forget(seq: number): void {
    this.#take(seq);
    for (const page of this.#pages) page.delete(seq);
    for (const forgotten of this.#reads) forgotten.add(seq);
  }

  /**
   * Finds the messages of rows, from memory or from the store.
   * @returns what was found; a row that the store lost or garbled is missing.
   * @throws {StoreError} when the store cannot be read.
   */
  async load(seqs: readonly number[]): Promise<ReadonlyMap<number, QueuedMessage>> {
    const found = new Map<number, QueuedMessage>();
    const missing: number[] = [];
    for (const seq of seqs) {
      const message = this.#take(seq) ?? this.#onPage(seq);
      if (message === undefined) missing.push(seq);
      else found.set(seq, message);
    }
    for (const seq of missing.sort((a, b) => a - b)) {
      const message = this.#onPage(seq) ?? (await this.#read(seq));
      if (message !== undefined) found.set(seq, message);
    }
    return found;
  }

  async #read(seq: number): Promise<QueuedMessage | undefined> {
    const rows = Math.round(PAGE_BYTES / Math.max(1, this.#rowBytes()));
    const limit = Math.min(PAGE_ROWS.most, Math.max(PAGE_ROWS.least, rows));
    const page = new Map<number, QueuedMessage>();
    const forgotten = new Set<number>();
    this.#reads.add(forgotten);
    try {
      for (const row of await this.#store.rows(this.#log, { after: seq - 1, limit })) {
        const message = forgotten.has(row.seq) ? undefined : decodeRow(row.value);
        if (message !== undefined) page.set(row.seq, message);
      }
    } finally {
      this.#reads.delete(forgotten);
    }
    this.#pages = [page, ...this.#pages.slice(0, PAGES - 1)];
    return page.get(seq);
  }

  #onPage(seq: number): QueuedMessage | undefined {
    for (const [index, page] of this.#pages.entries()) {
      const message = page.get(seq);
      if (message === undefined) continue;
      if (index > 0) this.#pages = [page, ...this.#pages.filter((other) => other !== page)];
      return message;
    }
    return undefined;
  }

  #take(seq: number): QueuedMessage | undefined {
    const found = this.#window.get(seq);
    if (found === undefined) return undefined;
    this.#window.delete(seq);
    this.#windowBytes -= found.bytes;
    return found.message;
  }
}
