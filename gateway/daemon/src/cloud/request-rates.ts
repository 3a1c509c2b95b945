import { TokenBucket } from "@tram/core";
import type { Ms } from "@tram/protocol";

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
  /** In words, for who has asked too often. */
  readonly said: string;
}

/** Requests that are looked at. */
const REQUESTS: Rate = { perSecond: 20, burst: 100, said: "20 requests a second" };
/** Commands that are carried out: each is on flash before it is acknowledged. */
const COMMANDS: Rate = { perSecond: 1, burst: 1_000, said: "1,000 commands at once, then one a second" };
/** Texts that are shown and put: a hostile one takes long to read, to check and to write down, and goes to flash. */
const TEXTS = {
  config: {
    get: { perSecond: 1 / 6, burst: 10, said: "to look 10 times at once, then ten times a minute" },
    put: { perSecond: 1 / 60, burst: 5, said: "5 configurations at once, then one a minute" },
  },
  rules: {
    get: { perSecond: 2, burst: 120, said: "to look 120 times at once, then twice a second" },
    put: { perSecond: 1 / 6, burst: 10, said: "10 rule files at once, then ten a minute" },
  },
} as const satisfies Record<string, Record<string, Rate>>;

/** How much one cloud may ask for in a time. Each question returns why not now; times are of the monotonic clock. */
export class RequestRates {
  readonly #buckets = new Map<Rate, TokenBucket>();
  readonly #begin: Ms;

  constructor(nowMs: Ms) {
    this.#begin = nowMs;
  }

  request(nowMs: Ms): string | undefined {
    return this.#take(REQUESTS, nowMs);
  }

  command(nowMs: Ms): string | undefined {
    return this.#take(COMMANDS, nowMs);
  }

  text(what: keyof typeof TEXTS, operation: "get" | "put", nowMs: Ms): string | undefined {
    return this.#take(TEXTS[what][operation], nowMs);
  }

  #take(rate: Rate, nowMs: Ms): string | undefined {
    let bucket = this.#buckets.get(rate);
    if (bucket === undefined) {
      bucket = new TokenBucket(rate.perSecond, rate.burst, this.#begin);
      this.#buckets.set(rate, bucket);
    }
    return bucket.take(1, nowMs) ? undefined : `expected ${rate.said}, found more`;
  }
}
