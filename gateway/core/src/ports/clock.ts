import type { ClockTrust, EpochMs, Instant, Ms } from "@tram/protocol";

/** Time, for everything that may not ask the system itself. Durations run on the monotonic clock. */
export interface Clock {
  /** Wall clock. May step, and may be years off while `trust` is `untrusted`. */
  now(): EpochMs;
  /** Milliseconds since boot, with fractions; never steps. */
  monotonic(): Ms;
  readonly bootId: string;
  readonly trust: ClockTrust;
  instant(): Instant;
  /** Resolves after `durationMs` of monotonic time; rejects with the signal's reason when it aborts. */
  sleep(durationMs: Ms, signal?: AbortSignal): Promise<void>;
  /** Calls `call` once after `delayMs`, unless disposed before. */
  after(delayMs: Ms, call: () => void): Disposable;
  /** Calls `tick` each `periodMs` until disposed. */
  every(periodMs: Ms, tick: () => void): Disposable;
  /** Calls `listener` when the wall clock stepped (by more than 0.5 s) or `trust` changed. */
  onStep(listener: (step: ClockStep) => void): Disposable;
}

export interface ClockStep {
  /** How far the wall clock jumped, beyond the time that passed. 0 when only the trust changed. */
  readonly stepMs: Ms;
  readonly trust: ClockTrust;
}
