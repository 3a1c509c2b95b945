import type { Clock } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";

interface Timer {
  readonly due: Ms;
  readonly order: number;
  readonly call: () => void;
  armed: Disposable | undefined;
}

/** The cloud's own time: it runs with the clock that it is given, and can be moved on while that one stands still. */
export class CloudClock {
  readonly #base: Clock;
  readonly #timers = new Set<Timer>();
  #skippedMs = 0;
  #steppedMs = 0;
  #order = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  now(): EpochMs {
    return this.#base.now() + this.#skippedMs + this.#steppedMs;
  }

  monotonic(): Ms {
    return this.#base.monotonic() + this.#skippedMs;
  }

  /** Seconds since 1970, as AWS writes them into its messages. */
  seconds(): number {
    return Math.floor(this.now() / 1_000);
  }

  after(delayMs: Ms, call: () => void): Disposable {
    const timer: Timer = {
      due: this.monotonic() + Math.max(0, delayMs),
      order: this.#order++,
      call,
      armed: undefined,
    };
    this.#timers.add(timer);
    this.#arm(timer);
    return {
      [Symbol.dispose]: () => {
        timer.armed?.[Symbol.dispose]();
        this.#timers.delete(timer);
      },
    };
  }

  every(periodMs: Ms, tick: () => void): Disposable {
    let current: Disposable;
    const next = (): void => {
      current = this.after(periodMs, () => {
        next();
        tick();
      });
    };
    next();
    return { [Symbol.dispose]: () => current[Symbol.dispose]() };
  }

  /** Lets time pass in the cloud alone: sessions expire, timers of jobs run out, stored messages are sent. */
  skip(durationMs: Ms): void {
    const end = this.monotonic() + durationMs;
    for (;;) {
      const next = this.#first();
      if (next === undefined || next.due > end) break;
      this.#skippedMs += Math.max(0, next.due - this.monotonic());
      this.#fire(next);
    }
    this.#skippedMs += Math.max(0, end - this.monotonic());
    for (const timer of this.#timers) {
      timer.armed?.[Symbol.dispose]();
      this.#arm(timer);
    }
  }

  /** Makes the cloud's wall clock jump; what it measures with goes on. */
  step(stepMs: Ms): void {
    this.#steppedMs += stepMs;
  }

  /** Nothing happens by itself any more. */
  stop(): void {
    for (const timer of this.#timers) timer.armed?.[Symbol.dispose]();
    this.#timers.clear();
  }

  #arm(timer: Timer): void {
    timer.armed = this.#base.after(timer.due - this.monotonic(), () => this.#fire(timer));
  }

  #fire(timer: Timer): void {
    if (!this.#timers.delete(timer)) return;
    timer.armed?.[Symbol.dispose]();
    timer.call();
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined ||
        timer.due < first.due ||
        (timer.due === first.due && timer.order < first.order)
      )
        first = timer;
    }
    return first;
  }
}
