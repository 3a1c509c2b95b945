import type { PropertyValue } from "./live-message.ts";

/** Properties that one node keeps apart; a Thing has fewer. */
const MOST_PROPERTIES = 1_000;

export interface FilterOptions {
  /** The values that are there when the node starts are news. */
  readonly initial: boolean;
  /** Only values of quality `good`. */
  readonly goodOnly: boolean;
  /** Only values that differ from the one before. */
  readonly changesOnly: boolean;
}

/**
 * Which readings a node passes on. After a lost connection the gateway tells how everything is: what is not as it was
 * happened meanwhile, and is passed on.
 */
export class ReadingFilter {
  readonly #options: FilterOptions;
  /** Of each property the latest that was seen, and the latest value that was passed on. */
  readonly #seen = new Map<string, string>();
  readonly #passed = new Map<string, string>();
  #started = false;

  constructor(options: FilterOptions) {
    this.#options = options;
  }

  /** All that is known now. @returns what to pass on of it. */
  snapshot(values: Iterable<readonly [string, PropertyValue]>): (readonly [string, PropertyValue])[] {
    const news = [...values].filter(([property, value]) => {
      const before = this.#seen.get(property);
      const now = stamp(value);
      this.#note(property, now);
      if (before === undefined ? !(this.#started || this.#options.initial) : before === now) return false;
      return this.#passes(property, value);
    });
    this.#started = true;
    return news;
  }

  /**
   * One reading, as it comes. The gateway tells one again when something else about its property changed, or when it was
   * in the snapshot right before: that is no second reading.
   * @returns whether to pass it on.
   */
  live(property: string, value: PropertyValue): boolean {
    const now = stamp(value);
    if (this.#seen.get(property) === now) return false;
    this.#note(property, now);
    return this.#passes(property, value);
  }

  #passes(property: string, value: PropertyValue): boolean {
    if (this.#options.goodOnly && value.quality !== "good") return false;
    if (!this.#options.changesOnly) return true;
    const text = JSON.stringify([value.value, value.quality]);
    if (this.#passed.get(property) === text) return false;
    if (this.#passed.has(property) || this.#passed.size < MOST_PROPERTIES) this.#passed.set(property, text);
    return true;
  }

  #note(property: string, now: string): void {
    if (this.#seen.has(property) || this.#seen.size < MOST_PROPERTIES) this.#seen.set(property, now);
  }
}

function stamp({ quality, time, value }: PropertyValue): string {
  return JSON.stringify([value, quality, time]);
}
