import type { Timers } from "./timers.ts";

export interface InTurnParts {
  readonly timers: Timers;
  /** How many may wait for the one under way. */
  readonly most: number;
  /** What waited longer is not begun. In milliseconds. */
  readonly oldestMs: number;
}

/** Why something was not begun. */
export type NotBegun = "too-many" | "too-old" | "closed";

/** Does one thing after another, as they came, or soon not at all: what is late is told instead of done. */
export class InTurn implements Disposable {
  readonly #parts: InTurnParts;
  readonly #waiting: { readonly since: number; readonly act: () => Promise<void>; readonly not: Not }[] = [];
  #busy = false;
  #closed = false;

  constructor(parts: InTurnParts) {
    this.#parts = parts;
  }

  /** @param act never rejects. @param not called instead of it. */
  push(act: () => Promise<void>, not: Not): void {
    if (this.#closed) not("closed");
    else if (this.#waiting.length >= this.#parts.most) not("too-many");
    else {
      this.#waiting.push({ since: this.#parts.timers.now(), act, not });
      if (!this.#busy) void this.#work();
    }
  }

  /** What waits is not begun any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const { not } of this.#waiting.splice(0)) not("closed");
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#parts.timers.now() - next.since > this.#parts.oldestMs) next.not("too-old");
      else await next.act();
    }
    this.#busy = false;
  }
}

type Not = (why: NotBegun) => void;
