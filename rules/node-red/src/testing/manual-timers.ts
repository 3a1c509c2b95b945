import type { Timers } from "../timers.ts";

/** Timers that a test moves on. */
export class ManualTimers implements Timers {
  #now = 0;
  readonly #pending = new Map<object, { readonly at: number; readonly act: () => void }>();

  now(): number {
    return this.#now;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#pending.size;
  }

  after(delayMs: number, act: () => void): Disposable {
    const token = { [Symbol.dispose]: () => void this.#pending.delete(token) };
    this.#pending.set(token, { at: this.#now + delayMs, act });
    return token;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#pending].sort(([, one], [, other]) => one.at - other.at)[0];
      if (next === undefined || next[1].at > end) break;
      this.#pending.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].act();
    }
    this.#now = end;
  }
}
