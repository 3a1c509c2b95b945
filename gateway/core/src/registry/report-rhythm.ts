import type { Ms } from "@tram/protocol";

/** So many gaps in a row tell whether a device reports regularly. */
const WINDOW = 16;
/** They may differ as much as a report that was lost makes them. */
const LONGEST_TO_SHORTEST = 2.5;
/** So many gaps without news, and the value does not count any more. */
export const MISSED_REPORTS = 3;
/** So many gaps in a row that are longer than that, and the rhythm is another one. */
const NEW_RHYTHM = 3;
/** A gap counts as no longer than this, some 12 days: as a small integer it takes no memory of its own. In milliseconds. */
const LONGEST_GAP_MS: Ms = 2 ** 30;
/** Nothing is called stale sooner. In milliseconds. */
const SHORTEST_PATIENCE_MS = 30_000;

/**
 * Learns how often a property is reported. Only what is reported by the clock has a rhythm: a device that reports what
 * changed may be silent for as long as nothing does. Such a device never says the same twice, which is how it is told
 * from the others.
 */
export class ReportRhythm {
  #count = 0;
  #shortest: Ms = LONGEST_GAP_MS;
  #longest: Ms = 0;
  #repeats = false;
  #patienceMs: Ms | undefined;
  #pauses = 0;

  /** @param repeated the value is the one before once more. */
  heard(gapMs: Ms, repeated: boolean): void {
    if (repeated) this.#repeats = true;
    const gap = Math.min(LONGEST_GAP_MS, Math.round(gapMs));
    if (this.#patienceMs !== undefined && gap > this.#patienceMs) {
      this.#begin(); // It was away: that says nothing of its rhythm.
      if (++this.#pauses >= NEW_RHYTHM) this.#patienceMs = undefined;
      return;
    }
    this.#pauses = 0;
    this.#count++;
    if (gap < this.#shortest) this.#shortest = gap;
    if (gap > this.#longest) this.#longest = gap;
    if (this.#count < WINDOW) return;
    const regular = this.#repeats && this.#longest <= this.#shortest * LONGEST_TO_SHORTEST;
    this.#patienceMs = regular ? patienceMs(this.#longest) : undefined;
    this.#begin();
  }

  /** After so long without news the value is stale, in milliseconds; `undefined` where there is no rhythm. */
  get patienceMs(): Ms | undefined {
    return this.#patienceMs;
  }

  #begin(): void {
    this.#count = 0;
    this.#shortest = LONGEST_GAP_MS;
    this.#longest = 0;
  }
}

/** @param reportMs how often it is reported. @returns how long it may be silent. */
export function patienceMs(reportMs: Ms): Ms {
  return Math.max(SHORTEST_PATIENCE_MS, reportMs * MISSED_REPORTS);
}
