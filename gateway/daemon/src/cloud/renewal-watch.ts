import type { Clock, Log } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";

export interface RenewalWatchParts {
  readonly clock: Pick<Clock, "every" | "monotonic" | "now" | "trust">;
  readonly log: Pick<Log, "error">;
  /** Certificates that this gateway renews, with the time from which on. */
  readonly renewals: () => readonly { readonly id: string; readonly at: EpochMs }[];
  /** Certificates that end soon and that somebody else has to renew, with what to say of them. */
  readonly endings: () => readonly { readonly id: string; readonly end: EpochMs; readonly text: string }[];
  /** Renews one. @returns why that has failed. */
  readonly renew: (id: string) => Promise<string | undefined>;
  /** Tells people of it. */
  readonly alarm: (text: string) => void;
}

const LOOK_MS: Ms = 3_600_000;
/** What has failed is tried again after so long: somebody has to set it right meanwhile. */
const AGAIN_MS: Ms = 86_400_000;
/** Of what ends later than this people are told so often; of what ends sooner, each day. */
const WEEK_MS: Ms = 7 * 86_400_000;

/**
 * Renews certificates before they end, by a clock that somebody has set. Tells people when that fails, and of those that
 * it cannot renew.
 */
export class RenewalWatch implements Disposable {
  readonly #parts: RenewalWatchParts;
  readonly #tried = new Map<string, Ms>();
  readonly #told = new Map<string, Ms>();
  #looking: Disposable | undefined;
  #work: Promise<void> | undefined;

  constructor(parts: RenewalWatchParts) {
    this.#parts = parts;
  }

  /** Looks now, and each hour. */
  start(): void {
    this.#looking = this.#parts.clock.every(LOOK_MS, () => this.#look());
    this.#look();
  }

  /** Resolves when nothing is being renewed. */
  async idle(): Promise<void> {
    await this.#work;
  }

  [Symbol.dispose](): void {
    this.#looking?.[Symbol.dispose]();
  }

  #look(): void {
    const { clock, log } = this.#parts;
    // By a clock that is years off every certificate is too old, or none.
    if (clock.trust === "untrusted" || this.#work !== undefined) return;
    this.#tellEndings();
    this.#work = this.#renewDue()
      .catch((error: unknown) => log.error({ error: String(error) }, "certificates are not looked after"))
      .finally(() => {
        this.#work = undefined;
      });
  }

  #tellEndings(): void {
    const { alarm, clock, endings } = this.#parts;
    for (const { end, id, text } of endings()) {
      const pause = end - clock.now() > WEEK_MS ? WEEK_MS : AGAIN_MS;
      if (clock.monotonic() - (this.#told.get(id) ?? Number.NEGATIVE_INFINITY) < pause) continue;
      this.#told.set(id, clock.monotonic());
      alarm(text);
    }
  }

  async #renewDue(): Promise<void> {
    const { clock, renewals, renew, alarm } = this.#parts;
    for (const { id, at } of renewals()) {
      const tried = this.#tried.get(id) ?? Number.NEGATIVE_INFINITY;
      if (clock.now() < at || clock.monotonic() - tried < AGAIN_MS) continue;
      this.#tried.set(id, clock.monotonic());
      const problem = await renew(id).catch((error: unknown) => String(error));
      if (problem === undefined) this.#tried.delete(id);
      else alarm(`The certificate of the cloud ${id} could not be renewed: ${problem}`);
    }
  }
}
