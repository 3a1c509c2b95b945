import type { Clock, ClockStep } from "@tram/core";
import type { ClockTrust, EpochMs, Instant, Ms } from "@tram/protocol";

interface Timer {
  readonly due: Ms;
  readonly order: number;
  readonly call: () => void;
}

/** A clock that only moves when it is told to: a year passes in a second, and always the same way. */
export class VirtualClock implements Clock {
  #wall: EpochMs;
  #monotonic: Ms;
  #bootId: string;
  #trust: ClockTrust;
  #order = 0;
  readonly #timers = new Set<Timer>();
  readonly #listeners = new Set<(step: ClockStep) => void>();

  constructor(start: { wall?: EpochMs; monotonic?: Ms; bootId?: string; trust?: ClockTrust } = {}) {
    this.#wall = start.wall ?? Date.UTC(2026, 0, 5, 6, 0, 0);
    this.#monotonic = start.monotonic ?? 100_000;
    this.#bootId = start.bootId ?? "boot-1";
    this.#trust = start.trust ?? "synced";
  }

  now(): EpochMs {
    return this.#wall;
  }

  monotonic(): Ms {
    return this.#monotonic;
  }

  get bootId(): string {
    return this.#bootId;
  }

  get trust(): ClockTrust {
    return this.#trust;
  }

  instant(): Instant {
    return { wall: this.#wall, monotonic: this.#monotonic, bootId: this.#bootId, trust: this.#trust };
  }

  sleep(durationMs: Ms, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const timer = this.after(durationMs, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = (): void => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  after(delayMs: Ms, call: () => void): Disposable {
    const timer: Timer = { due: this.#monotonic + Math.max(0, delayMs), order: this.#order++, call };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  every(periodMs: Ms, tick: () => void): Disposable {
    let current: Disposable;
    const arm = (): void => {
      current = this.after(periodMs, () => {
        arm();
        tick();
      });
    };
    arm();
    return { [Symbol.dispose]: () => current[Symbol.dispose]() };
  }

  onStep(listener: (step: ClockStep) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Timers that wait: 0 proves that nothing leaks. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass, firing what falls due in order, and lets promises settle in between.
   * @param durationMs how long, in milliseconds.
   */
  async advance(durationMs: Ms): Promise<void> {
    const end = this.#monotonic + durationMs;
    await settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.due > end) break;
      this.#move(next.due);
      this.#timers.delete(next);
      next.call();
      await settle();
    }
    this.#move(end);
    await settle();
  }

  /** Steps the wall clock, as NTP does; the monotonic clock goes on. */
  step(stepMs: Ms, trust: ClockTrust = this.#trust): void {
    this.#wall += stepMs;
    this.#trust = trust;
    for (const listener of [...this.#listeners]) listener({ stepMs, trust });
  }

  /** A power cut and a new start: all timers are gone, the monotonic clock begins again. */
  reboot(after: { bootId: string; wall?: EpochMs; trust?: ClockTrust; monotonic?: Ms }): void {
    this.#timers.clear();
    this.#listeners.clear();
    this.#bootId = after.bootId;
    this.#monotonic = after.monotonic ?? 5_000;
    this.#wall = after.wall ?? this.#wall;
    this.#trust = after.trust ?? this.#trust;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined ||
        timer.due < first.due ||
        (timer.due === first.due && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }

  #move(to: Ms): void {
    this.#wall += to - this.#monotonic;
    this.#monotonic = to;
  }
}

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 25; turn++) await Promise.resolve();
}
