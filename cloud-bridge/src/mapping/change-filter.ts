import { type Json, jsonEqual, type Ms, type Reading } from "@tram/protocol";

export interface ChangeFilterOptions {
  /** At most one number of a property in this time: the first, and of those that come meanwhile the last. */
  readonly intervalMs?: Ms;
  /** A value that was sent already is not sent again. */
  readonly onChange?: boolean;
  /** A number counts as another one from this difference on, in the unit of the property. */
  readonly deadband?: number;
  /** The same in percent of what was sent last. */
  readonly deadbandPercent?: number;
}

/** A reading, as far as it is compared. */
interface Compared extends Pick<Reading, "value" | "quality"> {
  readonly thing: string;
  readonly property: string;
}

/**
 * What a reading is to a cloud: news, news that comes too early and may go in so many milliseconds, or nothing.
 */
export type Verdict = { readonly is: "news" | "nothing" } | { readonly is: "early"; readonly inMs: Ms };

const NEWS: Verdict = { is: "news" };
const NOTHING: Verdict = { is: "nothing" };

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
  judge({ thing, property, value, quality }: Compared, now: Ms): Verdict {
    const sent = this.#sent.get(`${thing}/${property}`);
    if (sent === undefined || sent.quality !== quality) return NEWS;
    const { intervalMs = 0, onChange = false, deadband = 0, deadbandPercent = 0 } = this.#options;
    if (typeof value !== "number" || typeof sent.value !== "number") {
      return onChange && jsonEqual(sent.value, value) ? NOTHING : NEWS;
    }
    const difference = Math.abs(value - sent.value);
    const band = Math.max(deadband, (Math.abs(sent.value) * deadbandPercent) / 100);
    if (band > 0 ? difference < band : onChange && difference === 0) return NOTHING;
    const inMs = sent.at + intervalMs - now;
    return inMs > 0 ? { is: "early", inMs } : NEWS;
  }

  /** Tells that a reading is on its way. */
  note({ thing, property, value, quality }: Compared, now: Ms): void {
    const key = `${thing}/${property}`;
    this.#sent.delete(key);
    this.#sent.set(key, { value, quality, at: now });
    if (this.#sent.size <= MOST) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }

  /** It is not on its way after all. */
  forget({ thing, property }: Pick<Compared, "thing" | "property">): void {
    this.#sent.delete(`${thing}/${property}`);
  }
}
