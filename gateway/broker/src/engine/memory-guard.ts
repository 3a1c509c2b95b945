import type { Log } from "@tram/core";

/** Below this share of the ceiling the doors open again: they must not swing. */
const WELL_BELOW = 0.95;

/** Watches the memory of the process: above the ceiling nobody new is let in, and who is in stays. */
export class MemoryGuard {
  readonly #ceiling: number;
  readonly #log: Log;
  #full = false;

  /** @param ceiling bytes of resident memory; 0 for none. */
  constructor(ceiling: number, log: Log) {
    this.#ceiling = ceiling;
    this.#log = log;
  }

  get full(): boolean {
    return this.#full;
  }

  /** Measures; called now and then. */
  look(): void {
    if (this.#ceiling === 0) return;
    const rss = process.memoryUsage.rss();
    if (!this.#full && rss > this.#ceiling) {
      this.#full = true;
      this.#log.warn({ rss, ceiling: this.#ceiling }, "memory is scarce: no new clients are let in");
    } else if (this.#full && rss < this.#ceiling * WELL_BELOW) {
      this.#full = false;
      this.#log.info({ rss }, "new clients are let in again");
    }
  }
}
