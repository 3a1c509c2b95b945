import { HostError } from "@tram/module-sdk";
import type { Ms } from "@tram/protocol";
import { TokenBucket } from "./token-bucket.ts";

/** How much one module may hand in, so that a module that floods costs the others nothing. */
export const MODULE_BUDGET = {
  /** Readings a second, sustained, and at once. */
  readingsPerSecond: 1_000,
  burst: 5_000,
  /** Reports that wait for their commit. */
  pendingReports: 1_000,
  /** Other calls that cost a commit (announce, retire, availability, store), a second and at once. */
  callsPerSecond: 20,
  callsBurst: 4_000,
  /** Refused readings and calls after which the session is ended … */
  refusedBeforeEnd: 2_000,
  /** … beyond these a second, which are forgiven: now and then too much is not a flood. */
  forgivenPerSecond: 20,
} as const;

/**
 * Counts what a module hands in. It stands on both sides of the channel to a child process, so that a flood does not
 * even fill the channel.
 */
export class ModuleBudget {
  readonly #nowMs: () => Ms;
  readonly #onAbuse: (reason: string) => void;
  readonly #readings: TokenBucket;
  readonly #calls: TokenBucket;
  readonly #patience: TokenBucket;
  #pending = 0;

  /** @param nowMs the monotonic clock. @param onAbuse ends the session. */
  constructor(nowMs: () => Ms, onAbuse: (reason: string) => void) {
    this.#nowMs = nowMs;
    this.#onAbuse = onAbuse;
    this.#readings = new TokenBucket(MODULE_BUDGET.readingsPerSecond, MODULE_BUDGET.burst, nowMs());
    this.#calls = new TokenBucket(MODULE_BUDGET.callsPerSecond, MODULE_BUDGET.callsBurst, nowMs());
    this.#patience = new TokenBucket(
      MODULE_BUDGET.forgivenPerSecond,
      MODULE_BUDGET.refusedBeforeEnd,
      nowMs(),
    );
  }

  /**
   * Does a report of `count` readings if the budget allows.
   * @throws {HostError} `flooding`, before anything is done.
   */
  async report(count: number, work: () => Promise<void>): Promise<void> {
    const { pendingReports, readingsPerSecond } = MODULE_BUDGET;
    const fits = this.#pending < pendingReports && this.#readings.take(count, this.#nowMs());
    this.#judge(
      fits,
      count,
      `more than ${readingsPerSecond} readings/s, or ${pendingReports} reports not awaited`,
    );
    this.#pending++;
    try {
      await work();
    } finally {
      this.#pending--;
    }
  }

  /**
   * Counts a call that costs a commit.
   * @throws {HostError} `flooding`.
   */
  call(): void {
    const fits = this.#calls.take(1, this.#nowMs());
    this.#judge(fits, 1, `more than ${MODULE_BUDGET.callsPerSecond} calls/s`);
  }

  #judge(fits: boolean, count: number, limit: string): void {
    if (fits) return;
    if (!this.#patience.take(Math.max(1, count), this.#nowMs())) this.#onAbuse(`floods: ${limit}`);
    throw new HostError("flooding", limit);
  }
}
