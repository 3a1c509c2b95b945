import type { MessageClass } from "@tram/core";
import { type Row, RowRing } from "./row-ring.ts";

interface Writing extends Row {
  kept: boolean;
}

/**
 * The rows of one Thing in one class, which leave strictly in the order they came. A row is first being written (its
 * unit is not kept yet), then waits, then flies (was handed to the connection and not answered yet).
 */
export class Lane {
  readonly class: MessageClass;
  readonly group: string;
  /** Rows that may leave. */
  readonly waiting = new RowRing();
  /** The peer refused a row for now: nothing leaves before `held` is lifted. */
  held = false;
  readonly #writing: Writing[] = [];
  readonly #flying = new Map<number, Row>();
  #returned: Row[] = [];

  constructor(messageClass: MessageClass, group: string) {
    this.class = messageClass;
    this.group = group;
  }

  /** Whether a row may leave now, with at most `window` of them in flight. */
  ready(window: number): boolean {
    return this.waiting.length > 0 && !this.held && this.#returned.length === 0 && this.#flying.size < window;
  }

  get idle(): boolean {
    return this.waiting.length + this.#writing.length + this.#flying.size + this.#returned.length === 0;
  }

  /** Row that has been here longest, among those that wait or fly. */
  get oldest(): Row | undefined {
    const [flying] = this.#flying.values();
    return flying ?? this.#returned[0] ?? this.waiting.head;
  }

  /** A row whose unit has not settled yet: it holds back the later ones of the lane. */
  write(row: Row): void {
    this.#writing.push({ ...row, kept: false });
  }

  /** The row's unit settled. Units may settle in another order than their rows were added; the lane keeps the rows'. */
  written(seq: number, kept: boolean): void {
    const index = this.#writing.findIndex((row) => row.seq === seq);
    const row = this.#writing[index];
    if (row === undefined) return;
    if (kept) row.kept = true;
    else this.#writing.splice(index, 1);
    while (this.#writing[0]?.kept === true) this.waiting.push(this.#writing.shift() as Row);
  }

  /** The next row takes off. */
  takeOff(): Row | undefined {
    const row = this.waiting.shift();
    if (row !== undefined) this.#flying.set(row.seq, row);
    return row;
  }

  /** A row is done with: acknowledged, parked or gone. */
  landed(seq: number): void {
    this.#flying.delete(seq);
    this.#reunite();
  }

  /** A row must be sent again. It goes back to its place once everything of the lane has come down. */
  returned(seq: number): void {
    const row = this.#flying.get(seq);
    if (row === undefined) return;
    this.#flying.delete(seq);
    this.#returned.push(row);
    this.#reunite();
  }

  #reunite(): void {
    if (this.#flying.size > 0 || this.#returned.length === 0) return;
    for (const row of this.#returned.sort((a, b) => b.seq - a.seq)) this.waiting.unshift(row);
    this.#returned = [];
  }
}
