import { readFileSync } from "node:fs";
import type { Clock, ClockStep } from "@tram/core";
import type { ClockTrust, EpochMs, Instant, Ms } from "@tram/protocol";

/** A jump of the wall clock beyond this is a step, not drift. In milliseconds. */
const STEP_MS: Ms = 500;
const WATCH_PERIOD_MS: Ms = 1_000;
/** Node's timers take 31 bits of milliseconds; longer waits are split. */
const LONGEST_TIMER_MS: Ms = 2 ** 31 - 1;

/** The machine's clocks. `trust` comes from an adapter that knows the time source. */
export class SystemClock implements Clock, Disposable {
  readonly bootId: string;
  readonly #trustOf: () => ClockTrust;
  /** When the process began: `performance.now` is the cheap way to CLOCK_MONOTONIC, and counts from there. */
  readonly #sinceBoot: Ms;
  readonly #listeners = new Set<(step: ClockStep) => void>();
  readonly #watch: NodeJS.Timeout;
  #trust: ClockTrust;
  /** Wall minus monotonic: constant unless the wall clock is stepped. */
  #offset: Ms;

  /** @param trustOf is asked about once a second; it must be cheap. */
  constructor(trustOf: () => ClockTrust) {
    this.#sinceBoot = Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now();
    this.#trustOf = trustOf;
    this.#trust = trustOf();
    this.bootId = readBootId();
    this.#offset = this.now() - this.monotonic();
    this.#watch = setInterval(() => this.#look(), WATCH_PERIOD_MS);
    this.#watch.unref();
  }

  now(): EpochMs {
    return Date.now();
  }

  /** CLOCK_MONOTONIC, which counts from boot and is the same for every process of the machine. */
  monotonic(): Ms {
    return this.#sinceBoot + performance.now();
  }

  get trust(): ClockTrust {
    return this.#trust;
  }

  instant(): Instant {
    return { wall: this.now(), monotonic: this.monotonic(), bootId: this.bootId, trust: this.#trust };
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
    const due = this.monotonic() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - this.monotonic();
      // A Node timer may fire up to a millisecond early: never before its time.
      timer = setTimeout(
        () => (this.monotonic() < due ? arm() : call()),
        Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(left))),
      );
    };
    arm();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  every(periodMs: Ms, tick: () => void): Disposable {
    const timer = setInterval(tick, Math.min(LONGEST_TIMER_MS, periodMs));
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  onStep(listener: (step: ClockStep) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch);
    this.#listeners.clear();
  }

  #look(): void {
    const offset = this.now() - this.monotonic();
    const trust = this.#trustOf();
    const jump = offset - this.#offset;
    const stepMs = Math.abs(jump) > STEP_MS ? jump : 0;
    // Slow drift (NTP slewing) is followed silently.
    this.#offset = offset;
    if (stepMs === 0 && trust === this.#trust) return;
    this.#trust = trust;
    for (const listener of [...this.#listeners]) listener({ stepMs, trust });
  }
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Not Linux: each start counts as a boot, which only makes outages count less.
    return `process-${process.pid}-${process.hrtime.bigint()}`;
  }
}
