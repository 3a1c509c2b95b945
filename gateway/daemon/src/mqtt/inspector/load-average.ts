import type { Ms } from "@tram/protocol";

const MINUTE_MS: Ms = 60_000;

/** The exponentially weighted average of what a counter grows by, per minute: as load averages of Unix are made. */
export class LoadAverage {
  readonly #windowMs: Ms;
  #count: number;
  #at: Ms;
  #average = 0;

  /** @param minutes after so long a change counts for 63 %. @param count the counter now. */
  constructor(minutes: number, count: number, now: Ms) {
    this.#windowMs = minutes * MINUTE_MS;
    this.#count = count;
    this.#at = now;
  }

  /** @returns the average per minute. */
  look(count: number, now: Ms): number {
    const elapsedMs = now - this.#at;
    if (elapsedMs <= 0) return this.#average;
    const perMinute = ((count - this.#count) * MINUTE_MS) / elapsedMs;
    this.#average += (perMinute - this.#average) * (1 - Math.exp(-elapsedMs / this.#windowMs));
    this.#count = count;
    this.#at = now;
    return this.#average;
  }
}
