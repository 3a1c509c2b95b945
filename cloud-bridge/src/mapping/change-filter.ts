import { type Json, jsonEqual, type Ms, type Reading } from "@tram/protocol";

export interface ChangeFilterOptions {
  /** At most one number of a property in this time. */
  readonly intervalMs?: Ms;
  /** A value that was sent already is not sent again. */
  readonly onChange?: boolean;
  /** A number counts as another one from this difference on, in the unit of the property. */
  readonly deadband?: number;
  /** The same in percent of what was sent last. */
  readonly deadbandPercent?: number;
}

interface Sent {
  readonly value: Json;
  readonly quality: Reading["quality"];
  /** Monotonic. */
  readonly at: Ms;
}

/** More properties than a house has; beyond it the one that was quiet longest is forgotten, and goes out once more. */
const MOST = 20_000;

/**
 * Lets through what is news for a cloud. Compared is with what was sent last, not with what was heard last: a value that
 * creeps is told once it has crept far enough. Kept in memory alone; after a start everything is told once.
 *
 * The interval is for numbers: a switch that is flipped twice must not be left wrong until it is flipped again.
 */
export class ChangeFilter {
  readonly #options: ChangeFilterOptions;
  readonly #sent = new Map<string, Sent>();

  constructor(options: ChangeFilterOptions) {
    this.#options = options;
  }

  /** Whether the value is another one than was sent last. */
  isChange({ thing, property, value }: Reading): boolean {
    const sent = this.#sent.get(`${thing}/${property}`);
    return sent === undefined || !jsonEqual(sent.value, value);
  }

  /** @param now monotonic. */
  passes(reading: Reading, now: Ms): boolean {
    const { thing, property, value, quality } = reading;
    const sent = this.#sent.get(`${thing}/${property}`);
    if (sent === undefined || sent.quality !== quality) return true;
    if (typeof value !== "number" || typeof sent.value !== "number") {
      return this.#options.onChange !== true || !jsonEqual(sent.value, value);
    }
    const { intervalMs = 0, onChange = false, deadband = 0, deadbandPercent = 0 } = this.#options;
    if (now - sent.at < intervalMs) return false;
    const difference = Math.abs(value - sent.value);
    const band = Math.max(deadband, (Math.abs(sent.value) * deadbandPercent) / 100);
    if (band > 0) return difference >= band;
    return !onChange || difference > 0;
  }

  /** Tells that a reading is on its way. */
  note({ thing, property, value, quality }: Reading, now: Ms): void {
    const key = `${thing}/${property}`;
    this.#sent.delete(key);
    this.#sent.set(key, { value, quality, at: now });
    if (this.#sent.size <= MOST) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }

  /** It is not on its way after all. */
  forget({ thing, property }: Reading): void {
    this.#sent.delete(`${thing}/${property}`);
  }
}
