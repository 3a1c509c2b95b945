import { type Clock, TokenBucket } from "@tram/core";

/** How often an account may describe something new: so much at once, and so much a second after that. */
const RATE = { burst: 64, perSecond: 4 } as const;

/** Bounds how often each account is heard, without delaying another. */
export class OwnerRates {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #rates = new Map<string, TokenBucket>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** @param amount up to 64. @returns false when it comes too fast. */
  take(owner: string, amount = 1): boolean {
    const now = this.#clock.monotonic();
    const rate = this.#rates.get(owner) ?? new TokenBucket(RATE.perSecond, RATE.burst, now);
    this.#rates.set(owner, rate);
    return rate.take(amount, now);
  }
}
