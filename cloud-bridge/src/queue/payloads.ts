import type { CloudMessage, Store } from "@tram/core";
import { decodeRow } from "./outbox-row.ts";

/** Rows of one read while draining. */
const PAGE_ROWS = 100;
const WINDOW_ROWS = 1_000;
const WINDOW_BYTES = 1_048_576;

/**
 * The payloads that are in memory: a bounded window of fresh messages, which is all there is while the cloud is
 * reachable, and the last page that was read back while a backlog drains.
 */
export class Payloads {
  readonly #store: Store;
  readonly #log: string;
  readonly #window = new Map<number, { message: CloudMessage; bytes: number }>();
  #windowBytes = 0;
  #page = new Map<number, CloudMessage>();

  constructor(store: Store, log: string) {
    this.#store = store;
    this.#log = log;
  }

  /** Keeps a message at hand if there is room: the oldest are needed first, so the newest stay out. */
  remember(seq: number, message: CloudMessage, bytes: number): void {
    if (this.#window.size >= WINDOW_ROWS || this.#windowBytes + bytes > WINDOW_BYTES) return;
    this.#window.set(seq, { message, bytes });
    this.#windowBytes += bytes;
  }

  forget(seq: number): void {
    this.#take(seq);
  }

  /**
   * Finds the messages of rows, from memory or from the store.
   * @returns what was found; a row that the store lost or garbled is missing.
   * @throws {StoreError} when the store cannot be read.
   */
  async load(seqs: readonly number[]): Promise<ReadonlyMap<number, CloudMessage>> {
    const found = new Map<number, CloudMessage>();
    const missing: number[] = [];
    for (const seq of seqs) {
      const message = this.#take(seq) ?? this.#page.get(seq);
      if (message === undefined) missing.push(seq);
      else found.set(seq, message);
    }
    for (const seq of missing.sort((a, b) => a - b)) {
      const message = this.#page.get(seq) ?? (await this.#read(seq));
      if (message !== undefined) found.set(seq, message);
    }
    return found;
  }

  async #read(seq: number): Promise<CloudMessage | undefined> {
    const rows = await this.#store.rows(this.#log, { after: seq - 1, limit: PAGE_ROWS });
    this.#page = new Map();
    for (const row of rows) {
      const message = decodeRow(row.value);
      if (message !== undefined) this.#page.set(row.seq, message);
    }
    return this.#page.get(seq);
  }

  #take(seq: number): CloudMessage | undefined {
    const found = this.#window.get(seq);
    if (found === undefined) return undefined;
    this.#window.delete(seq);
    this.#windowBytes -= found.bytes;
    return found.message;
  }
}
