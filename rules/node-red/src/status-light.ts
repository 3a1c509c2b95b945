import type { NodeStatus, RedNode } from "./red.ts";
import type { Timers } from "./timers.ts";

/** The editor is told no more often. In milliseconds. */
const PAUSE_MS = 250;

/** The status below a node: what is the same is told once, and what changes often is told as it is in the end. */
export class StatusLight implements Disposable {
  readonly #node: Pick<RedNode, "status">;
  readonly #timers: Timers;
  #shown = "";
  #next: NodeStatus | undefined;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(node: Pick<RedNode, "status">, timers: Timers) {
    this.#node = node;
    this.#timers = timers;
  }

  show(status: NodeStatus): void {
    if (this.#closed) return;
    this.#next = status;
    if (this.#timer === undefined) this.#tell();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #tell(): void {
    this.#timer = undefined;
    const next = this.#next;
    if (next === undefined) return;
    const text = JSON.stringify(next);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#node.status(next);
    this.#timer = this.#timers.after(PAUSE_MS, () => this.#tell());
  }
}
