import { type Clock, type Log, type LogFields, TokenBucket } from "@tram/core";
import type { Ms } from "@tram/protocol";
import { ofAccount } from "./per-account.ts";

/** Lines that one account can bring into the gateway's log. */
const RATE = { perSecond: 1, burst: 20 } as const;
/** Time between two complaints about the same account. */
const COMPLAIN_MS: Ms = 60_000;

interface Account {
  readonly bucket: TokenBucket;
  /** When lines were last left out and that was told, on the monotonic clock. */
  complainedAt: Ms;
}

/** The gateway's log, with as many lines of the devices of an account as it can bear. */
export class AccountLog {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #log: Log;
  readonly #accounts = new Map<string, Account>();

  constructor(parts: { readonly clock: Pick<Clock, "monotonic">; readonly log: Log }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  say(username: string, level: keyof Log, fields: LogFields, text: string): void {
    const now = this.#clock.monotonic();
    const account = ofAccount(this.#accounts, username, () => ({
      bucket: new TokenBucket(RATE.perSecond, RATE.burst, now),
      complainedAt: Number.NEGATIVE_INFINITY,
    }));
    if (account.bucket.take(1, now)) {
      this.#log[level](fields, text);
    } else if (now - account.complainedAt >= COMPLAIN_MS) {
      account.complainedAt = now;
      this.#log.warn(
        { username, thing: fields.thing },
        "devices of an account log too much; lines are left out",
      );
    }
  }
}
