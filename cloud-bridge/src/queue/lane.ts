import type { MessageClass } from "@tram/core";
import { LatestRows } from "./latest-rows.ts";
import { type Row, RowRing } from "./row-ring.ts";

interface Writing extends Row {
  kept: boolean;
}

/** A lane in which more rows wait does not keep up: it has a backlog. */
const LIVE_ROWS = 256;

/**
 * The rows of one Thing in one class, which leave strictly in the order they came. A row is first being written (its
 * unit is not kept yet), then waits, then flies (was handed to the connection and not answered yet). A row that waits may
 * be claimed by a commit that is about to replace it; nothing passes it meanwhile.
 *
 * In class `state` only the latest row of a key waits; older ones that do not fly are outdated.
 */
export class Lane {
  readonly class: MessageClass;
  readonly group: string;
  /** Rows that may leave. */
  readonly waiting = new RowRing();
  /** The peer refused a row for now: nothing leaves before `held` is lifted. */
  held = false;
  readonly #latest: LatestRows | undefined;
  readonly #writing: Writing[] = [];
  readonly #flying = new Map<number, Row>();
  readonly #claimed = new Map<number, Row>();
  #returned: Row[] = [];
  #outdated: Row[] = [];
  #lowestClaimed = Number.POSITIVE_INFINITY;
  #lastSent = 0;
  #backlog = false;

  constructor(messageClass: MessageClass, group: string) {
    this.class = messageClass;
    this.group = group;
    this.#latest = messageClass === "state" ? new LatestRows() : undefined;
  }

  /** Whether a row may leave now, with at most `window` of them in flight. */
  ready(window: number): boolean {
    const { headSeq } = this.waiting;
    if (headSeq === undefined || this.held || headSeq > this.#lowestClaimed) return false;
    if (this.#latest?.isBehind(headSeq) === true) return false;
    return this.#returned.length === 0 && this.#flying.size < window;
  }

  get idle(): boolean {
    const { size: flying } = this.#flying;
    return (
      this.waiting.length + this.#writing.length + flying + this.#returned.length + this.#claimed.size === 0
    );
  }

  /** It is behind: its new rows wait for old ones, and it does not share the way with lanes that keep up. */
  get backlog(): boolean {
    return this.#backlog;
  }

  /** Row that has been here longest, among those that wait or fly. */
  get oldest(): Row | undefined {
    const [flying] = this.#flying.values();
    return flying ?? this.#returned[0] ?? this.waiting.head;
  }

  /** Whether a row waits that was never sent: what was sent does not change any more. */
  isUntouched(seq: number): boolean {
    return seq > this.#lastSent && this.waiting.has(seq);
  }

  /** What waits now is a backlog, until it is gone. */
  fallBehind(): void {
    if (this.waiting.length > 0) this.#backlog = true;
  }

  /** A row that an earlier run left. @param key of its state. */
  restore(row: Row, key: string): void {
    this.#latest?.enter(row.seq, key);
    this.#wait(row);
    this.#backlog = true;
  }

  /** A row whose unit has not settled yet: it holds back the later ones of the lane. @param key of its state. */
  write(row: Row, key: string): void {
    this.#latest?.enter(row.seq, key);
    this.#writing.push({ ...row, kept: false });
  }

  /** The row's unit settled. Units may settle in another order than their rows were added; the lane keeps the rows'. */
  written(seq: number, kept: boolean): void {
    const index = this.#writing.findIndex((row) => row.seq === seq);
    const row = this.#writing[index];
    if (row === undefined) return;
    if (kept) row.kept = true;
    else {
      this.#writing.splice(index, 1);
      this.#latest?.leave(seq);
    }
    while (this.#writing[0]?.kept === true) {
      const { seq: first, time, bytes } = this.#writing.shift() as Writing;
      this.#wait({ seq: first, time, bytes });
    }
    if (this.waiting.length > LIVE_ROWS) this.#backlog = true;
  }

  /** The next row takes off. */
  takeOff(): Row | undefined {
    const row = this.#shift();
    if (row === undefined) return undefined;
    this.#flying.set(row.seq, row);
    this.#latest?.flies(row.seq);
    if (row.seq > this.#lastSent) this.#lastSent = row.seq;
    return row;
  }

  /** The first row goes for good. */
  dropFirst(): Row | undefined {
    const row = this.#shift();
    if (row !== undefined) this.#latest?.leave(row.seq);
    return row;
  }

  /** A row is done with: acknowledged, parked or gone. */
  landed(seq: number): void {
    this.#flying.delete(seq);
    this.#latest?.leave(seq);
    this.#reunite();
  }

  /** A row must be sent again. It goes back to its place once everything of the lane has come down. */
  returned(seq: number): void {
    const row = this.#flying.get(seq);
    if (row === undefined) return;
    this.#flying.delete(seq);
    this.#latest?.fliesNoMore(seq);
    this.#returned.push(row);
    this.#reunite();
  }

  /** Whether there is, or was, a newer row of this state. @param seq of the older one, where that is known. */
  isOutdated(key: string, seq: number | undefined): boolean {
    return this.#latest?.isOutdated(key, seq) === true;
  }

  /** Claims the row that a newer one of the same state is about to replace. */
  supersede(key: string): Row | undefined {
    const seq = this.#latest?.waitingOf(key);
    return seq === undefined ? undefined : this.claim([seq])[0];
  }

  /** Claims rows that wait. @param seqs ascending. @returns those that did wait. */
  claim(seqs: readonly number[]): readonly Row[] {
    const rows = this.waiting.remove(seqs);
    for (const row of rows) {
      this.#latest?.waitsNoMore(row.seq);
      this.#claimed.set(row.seq, row);
      if (row.seq < this.#lowestClaimed) this.#lowestClaimed = row.seq;
    }
    return rows;
  }

  /** The commit settled: what was claimed is gone, and `instead` waits. @param instead ascending; may be the same rows. */
  release(claimed: readonly Row[], instead: readonly Row[]): void {
    const stay = new Set(instead.map(({ seq }) => seq));
    for (const { seq } of claimed) {
      this.#claimed.delete(seq);
      if (!stay.has(seq)) this.#latest?.leave(seq);
    }
    this.#lowestClaimed = Number.POSITIVE_INFINITY;
    for (const seq of this.#claimed.keys()) if (seq < this.#lowestClaimed) this.#lowestClaimed = seq;
    this.waiting.insert(instead);
    for (const { seq } of instead) this.#compact(seq);
  }

  /** Rows that a newer one of the same state has replaced since the last look; they wait no more. */
  takeOutdated(): readonly Row[] {
    if (this.#outdated.length === 0) return this.#outdated;
    const outdated = this.#outdated;
    this.#outdated = [];
    return outdated;
  }

  #wait(row: Row): void {
    this.waiting.push(row);
    this.#compact(row.seq);
  }

  #compact(seq: number): void {
    const old = this.#latest?.waits(seq);
    if (old === undefined) return;
    this.#outdated.push(...this.waiting.remove([old]));
    this.#latest?.leave(old);
  }

  #shift(): Row | undefined {
    const row = this.waiting.shift();
    if (this.waiting.length === 0) this.#backlog = false;
    return row;
  }

  #reunite(): void {
    if (this.#flying.size > 0 || this.#returned.length === 0) return;
    const returned = this.#returned.sort((a, b) => a.seq - b.seq);
    this.#returned = [];
    this.waiting.insert(returned);
    for (const { seq } of returned) this.#compact(seq);
  }
}
