import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { Audit } from "../../audit/audit-log.ts";
import { digestOf, fits, newClaimCode, plainCode } from "./secret.ts";

/** Different wrong codes that close the window. With 44 bits, each is right once in 10^13. */
export const WRONG_CODES = 20;

export interface WindowOptions {
  readonly minutes: number;
  /** How many devices may claim. */
  readonly uses: number;
  readonly by: string;
  /** The only device that may claim. */
  readonly id?: string | undefined;
  /** A device that may claim although its id is taken. */
  readonly replace?: string | undefined;
}

interface Claimed {
  readonly address: string;
  /** It has come back with its credential: the claim has done its work. */
  settled: boolean;
}

interface Open {
  readonly options: WindowOptions;
  readonly digest: string;
  readonly until: Ms;
  readonly timer: Disposable;
  readonly claimed: Map<string, Claimed>;
  readonly wrong: Set<string>;
}

/** What people see of the window. Not its code: that is told once, to who opened it. */
export type WindowState =
  | { readonly open: false }
  | {
      readonly open: true;
      readonly expiresInMs: Ms;
      readonly usesLeft: number;
      readonly claimed: readonly string[];
    };

export type ClaimRefusal = "closed" | "used-up" | "other-device";

/**
 * The time in which devices may claim a credential, with one code. It runs on the monotonic clock: a wrong wall clock
 * opens and closes nothing. It closes by itself: by its time, when all its devices are in, and when codes are guessed.
 */
export class PairingWindow {
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #onClose: () => void;
  #open: Open | undefined;

  /** @param parts.onClose ends what hangs on the code: connections that paired with it. */
  constructor(parts: { clock: Clock; audit: Audit; onClose: () => void }) {
    this.#clock = parts.clock;
    this.#audit = parts.audit;
    this.#onClose = parts.onClose;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Opens it; one that is open is closed, and its code void. @returns the code, this once. */
  open(options: WindowOptions): string {
    this.close("opened anew", options.by);
    const code = newClaimCode();
    const lastsMs = options.minutes * 60_000;
    this.#open = {
      options,
      digest: digestOf(plainCode(code)),
      until: this.#clock.monotonic() + lastsMs,
      timer: this.#clock.after(lastsMs, () => this.close("the time is over", "gateway")),
      claimed: new Map(),
      wrong: new Set(),
    };
    const only = options.id === undefined ? "" : `, for ${options.id} alone`;
    const replaced = options.replace === undefined ? "" : `, may replace ${options.replace}`;
    this.#audit({
      action: "pairing-opened",
      subject: "pairing",
      by: options.by,
      detail: `${options.minutes} min, ${options.uses} device(s)${only}${replaced}`,
    });
    return code;
  }

  /** @returns whether it was open. */
  close(why: string, by: string): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    this.#open = undefined;
    open.timer[Symbol.dispose]();
    this.#audit({ action: "pairing-closed", subject: "pairing", by, detail: why });
    this.#onClose();
    return true;
  }

  state(): WindowState {
    const open = this.#open;
    if (open === undefined) return { open: false };
    return {
      open: true,
      expiresInMs: Math.max(0, open.until - this.#clock.monotonic()),
      usesLeft: open.options.uses - open.claimed.size,
      claimed: [...open.claimed.keys()],
    };
  }

  /** Whether this is the code. The same wrong one again is a device that was left in the past, not another guess. */
  accepts(code: string): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    const plain = plainCode(code);
    if (fits(plain, open.digest)) return true;
    open.wrong.add(digestOf(plain));
    if (open.wrong.size >= WRONG_CODES) this.close("too many wrong codes", "gateway");
    return false;
  }

  /** Whether a device may take the place of what has its id. */
  mayReplace(id: string, address: string): boolean {
    return this.#open?.options.replace === id || this.#claimsAgain(id, address);
  }

  /** What is in the way of a device that has the code. */
  refusal(id: string, address: string): ClaimRefusal | undefined {
    const open = this.#open;
    if (open === undefined) return "closed";
    if (open.options.id !== undefined && open.options.id !== id) return "other-device";
    if (this.#claimsAgain(id, address)) return undefined;
    return open.claimed.size < open.options.uses ? undefined : "used-up";
  }

  claimed(id: string, address: string): void {
    this.#open?.claimed.set(id, { address, settled: false });
  }

  /** The claim came to nothing: it does not count. */
  unclaimed(id: string): void {
    this.#open?.claimed.delete(id);
  }

  /** A device has come back with its credential. When all have, nobody needs the code any more. */
  settle(id: string): void {
    const open = this.#open;
    const claim = open?.claimed.get(id);
    if (open === undefined || claim === undefined) return;
    claim.settled = true;
    const all = [...open.claimed.values()];
    if (all.length >= open.options.uses && all.every(({ settled }) => settled)) {
      this.close("all devices are in", "gateway");
    }
  }

  /** Its answer was lost: it may ask once more, from the same place, until it has come back with what it got. */
  #claimsAgain(id: string, address: string): boolean {
    const claim = this.#open?.claimed.get(id);
    return claim !== undefined && !claim.settled && claim.address === address;
  }
}
