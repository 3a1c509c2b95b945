import { type Clock, TokenBucket } from "@tram/core";
import type { Ms, ThingId } from "@tram/protocol";
import { ofAccount } from "./per-account.ts";

interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface PaceRates {
  readonly device: Rate;
  /** Of all devices that an account speaks for. */
  readonly account: Rate;
}

/** How often descriptions are read: each that is another one is synced to flash, published anew and told to everybody. */
export const DESCRIPTION_PACE: PaceRates = {
  device: { burst: 8, perSecond: 1 },
  account: { burst: 256, perSecond: 4 },
};

/** How often a device may come back from where it was: each time tells of all its values. */
export const STATE_PACE: PaceRates = {
  device: { burst: 8, perSecond: 1 },
  // A house that starts tells two states of each of its devices.
  account: { burst: 2_048, perSecond: 64 },
};

/** What may wait of one account, in bytes: a thousand descriptions as they are, fifteen of the largest. */
export const WAITING_BYTES = 4_194_304;
/** What one that waits takes beside its bytes. */
const EACH_BYTES = 512;
/** Buckets of an account's devices, beyond which those that are full are forgotten. */
const BUCKETS = 512;
const LOOK_MS: Ms = 1_000;

interface Waiting {
  readonly bytes: number;
  later(): void;
}

interface Account {
  readonly bucket: TokenBucket;
  /** None of them is made before the account's own gave for it, which bounds how many are not full. */
  readonly devices: Map<ThingId, TokenBucket>;
  readonly waiting: Map<ThingId, Waiting>;
  bytes: number;
}

/**
 * Bounds how often something is taken of a device, and of all devices of an account together. Of what comes more often,
 * the latest is taken when its time has come, and what came before it is not. Accounts do not wait for each other.
 */
export class AccountPace implements Disposable {
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #rates: PaceRates;
  readonly #accounts = new Map<string, Account>();
  #timer: Disposable | undefined;

  constructor(clock: Pick<Clock, "monotonic" | "after">, rates: PaceRates) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /**
   * @param who bytes: what is held while it waits.
   * @returns `later` when it is too early: it is called then, unless another one or `forget` comes first. `never` when
   * already too much of the account waits.
   */
  admit(
    who: { readonly account: string; readonly device: ThingId; readonly bytes: number },
    later: () => void,
  ): "now" | "later" | "never" {
    const { device } = who;
    const bytes = who.bytes + EACH_BYTES;
    const account = this.#accountOf(who.account);
    for (const each of this.#accounts.values()) if (each !== account) drop(each, device);
    if (this.#take(account, device)) {
      drop(account, device);
      return "now";
    }
    const known = account.waiting.get(device);
    const held = account.bytes - (known?.bytes ?? 0) + bytes;
    if (held > WAITING_BYTES) return "never";
    // Its place stays: who speaks often is not put off for that.
    account.waiting.set(device, { bytes, later });
    account.bytes = held;
    this.#arm();
    return "later";
  }

  /** What waits of a device is not wanted any more. */
  forget(device: ThingId): void {
    for (const account of this.#accounts.values()) drop(account, device);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#accounts.clear();
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      let isWaiting = false;
      for (const account of this.#accounts.values()) {
        for (const [device, { later }] of [...account.waiting]) {
          if (!this.#take(account, device)) continue;
          drop(account, device);
          later();
        }
        isWaiting ||= account.waiting.size > 0;
      }
      if (isWaiting) this.#arm();
    });
  }

  #take({ bucket, devices }: Account, device: ThingId): boolean {
    const now = this.#clock.monotonic();
    const known = devices.get(device);
    if (known !== undefined) return known.take(1, now) && bucket.take(1, now);
    if (!bucket.take(1, now)) return false;
    if (devices.size >= BUCKETS) {
      for (const [each, its] of devices) if (its.isFull(now)) devices.delete(each);
    }
    const { burst, perSecond } = this.#rates.device;
    const made = new TokenBucket(perSecond, burst, now);
    devices.set(device, made);
    return made.take(1, now);
  }

  #accountOf(name: string): Account {
    return ofAccount(this.#accounts, name, () => {
      const { burst, perSecond } = this.#rates.account;
      const bucket = new TokenBucket(perSecond, burst, this.#clock.monotonic());
      return { bucket, devices: new Map(), waiting: new Map(), bytes: 0 };
    });
  }
}

function drop(account: Account, device: ThingId): void {
  const known = account.waiting.get(device);
  if (known === undefined) return;
  account.waiting.delete(device);
  account.bytes -= known.bytes;
}
