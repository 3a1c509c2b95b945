import type { Ms } from "@tram/protocol";

/** A rate with a burst: `take` succeeds while the rate is kept. Time is an argument. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: Ms;

  /** @param nowMs the monotonic clock. */
  constructor(perSecond: number, burst: number, nowMs: Ms) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = nowMs;
  }

  take(amount: number, nowMs: Ms): boolean {
    const refill = ((nowMs - this.#at) * this.#perSecond) / 1_000;
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, refill));
    this.#at = nowMs;
    if (!(amount <= this.#tokens)) return false; // `NaN` must not empty the bucket for good.
    this.#tokens -= amount;
    return true;
  }

  /** It gives as much as a new one would. */
  isFull(nowMs: Ms): boolean {
    return this.take(0, nowMs) && this.#tokens >= this.#burst;
  }
}
