import type { Log } from "@tram/core";
import type { OwnerRates } from "./owner-rates.ts";

/** Refusals that are remembered, so that each is told once. */
const REFUSED = 1_024;
/** What a device says is quoted that far. In characters. */
const QUOTED = 200;

/**
 * Tells once what was refused: a device that repeats itself says nothing new. Whoever says ever other wrong things is told
 * of as often as they may describe something.
 */
export class Refusals {
  readonly #log: Log;
  readonly #rates: OwnerRates;
  readonly #text: string;
  /** The problem that was told last, by account and what it was about. */
  readonly #told = new Map<string, string>();

  /** @param text the line of the log. */
  constructor(log: Log, rates: OwnerRates, { text }: { readonly text: string }) {
    this.#log = log;
    this.#rates = rates;
    this.#text = text;
  }

  /** @returns whether it was told now. */
  tell(username: string, about: string, problem: string): boolean {
    const what = about.slice(0, QUOTED);
    const shown = problem.slice(0, QUOTED);
    const key = `${username}\n${what}`;
    if (this.#told.get(key) === shown || !this.#rates.take(username)) return false;
    this.#told.delete(key);
    const [oldest] = this.#told.keys();
    if (this.#told.size >= REFUSED && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(key, shown);
    this.#log.warn({ username, what, problem: shown }, this.#text);
    return true;
  }
}
