import type { EpochMs, Instant } from "@tram/protocol";
import type { Clock } from "../ports/clock.ts";

/** The moment of now. Many values change within a millisecond, and share one. */
export class SharedMoment {
  readonly #clock: Pick<Clock, "instant">;
  #last: Instant | undefined;

  constructor(clock: Pick<Clock, "instant">) {
    this.#clock = clock;
  }

  now(): Instant {
    const now = this.#clock.instant();
    const last = this.#last;
    if (last?.wall === now.wall && last.trust === now.trust && now.monotonic - last.monotonic < 1)
      return last;
    this.#last = now;
    return now;
  }
}

/** ECMA-262 "Time Values": what a date can be made of. */
export function isMoment(time: EpochMs | undefined): time is EpochMs {
  return time !== undefined && Math.abs(time) <= 8.64e15;
}
