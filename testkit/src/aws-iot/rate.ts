import type { Ms } from "@tram/protocol";

/** At most so many in any second, wherever the second begins: the strictest reading of "per second". */
export class EventRate {
  readonly #perSecond: number;
  readonly #times: Ms[] = [];

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts one, unless there were too many in the second before `now`. */
  take(now: Ms): boolean {
    while (this.#times[0] !== undefined && this.#times[0] <= now - 1_000) this.#times.shift();
    if (this.#times.length >= this.#perSecond) return false;
    this.#times.push(now);
    return true;
  }
}

/** So many bytes a second, after what one second brings: what comes faster has to wait. */
export class ByteRate {
  readonly #perSecond: number;
  #left: number;
  #at: Ms | undefined;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** Counts these bytes. @returns how long they have to wait, in milliseconds. */
  take(bytes: number, now: Ms): Ms {
    const passed = this.#at === undefined ? 0 : now - this.#at;
    this.#at = now;
    this.#left = Math.min(this.#perSecond, this.#left + (passed * this.#perSecond) / 1_000) - bytes;
    return this.#left >= 0 ? 0 : (-this.#left * 1_000) / this.#perSecond;
  }
}
