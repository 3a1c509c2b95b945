import { type Clock, type Log, type LogFields, TokenBucket } from "@tram/core";
import type { Ms } from "@tram/protocol";

/** Lines that one account can bring into the gateway's log. */
const RATE = { perSecond: 1, burst: 20 } as const;
/** Time between two complaints about the same account. */
const COMPLAIN_MS: Ms = 60_000;

interface Account {
  readonly bucket: TokenBucket;
  /** When lines were last left out and that was told, on the monotonic clock. */
  complainedAt: Ms;
}

/** The gateway's log, with as many lines of each account as it can bear: each is written to flash perhaps. */
export class AccountLog {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #log: Log;
  readonly #complaint: string;
  readonly #accounts = new Map<string, Account>();

  /** @param complaint told once a minute of whoever has more to say. */
  constructor(parts: { readonly clock: Pick<Clock, "monotonic">; readonly log: Log }, complaint: string) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#complaint = complaint;
  }

  say(account: string, level: keyof Log, fields: LogFields, text: string): void {
    const now = this.#clock.monotonic();
    const known = this.#accountOf(account, now);
    if (known.bucket.take(1, now)) {
      this.#log[level](fields, text);
    } else if (now - known.complainedAt >= COMPLAIN_MS) {
      known.complainedAt = now;
      this.#log.warn({ username: account, thing: fields.thing }, this.#complaint);
    }
  }

  #accountOf(name: string, now: Ms): Account {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      const bucket = new TokenBucket(RATE.perSecond, RATE.burst, now);
      account = { bucket, complainedAt: Number.NEGATIVE_INFINITY };
      this.#accounts.set(name, account);
    }
    return account;
  }
}
