/** What is remembered of the log, in characters: some hundred lines. It costs so much memory, and no flash. */
export const RING_CHARACTERS = 200_000;
/** A longer line is cut: one must not push out all others. */
const LONGEST_LINE = 4_000;

/** The latest lines of the log, in memory: for a support bundle of a gateway that keeps no log elsewhere. */
export class LogRing {
  readonly #lines: string[] = [];
  #characters = 0;

  add(line: string): void {
    const kept = line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}...` : line.trimEnd();
    this.#lines.push(kept);
    this.#characters += kept.length;
    while (this.#characters > RING_CHARACTERS) this.#characters -= this.#lines.shift()?.length ?? 0;
  }

  /** The oldest first. */
  lines(): readonly string[] {
    return [...this.#lines];
  }
}
