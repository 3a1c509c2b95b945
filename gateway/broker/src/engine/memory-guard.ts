import { readFileSync } from "node:fs";
import type { Log } from "@tram/core";

/** Below this share of the ceiling the doors open again: they must not swing. */
const WELL_BELOW = 0.95;

/** Watches the memory of the process: above the ceiling nobody new is let in, and who is in stays. */
export class MemoryGuard {
  readonly #ceiling: number;
  readonly #log: Log;
  #full = false;

  /** @param ceiling bytes of memory that the system cannot take back; 0 for none. */
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
    const bytes = anonymousBytes();
    if (!this.#full && bytes > this.#ceiling) {
      this.#full = true;
      this.#log.warn({ bytes, ceiling: this.#ceiling }, "memory is scarce: no new clients are let in");
    } else if (this.#full && bytes < this.#ceiling * WELL_BELOW) {
      this.#full = false;
      this.#log.info({ bytes }, "new clients are let in again");
    }
  }
}

/**
 * What the process itself has written. Resident memory counts Node's own file too, 35 MB on every machine, which the
 * system drops when it needs room (proc_pid_status(5)).
 */
function anonymousBytes(): number {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1_024;
  } catch {
    // No such file system: not Linux.
  }
  return process.memoryUsage.rss();
}
