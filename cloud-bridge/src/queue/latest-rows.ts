/**
 * Which row of a lane is the latest of its key. Only lanes of class `state` have one, and these are short: of each key one
 * row waits, and a few fly.
 */
export class LatestRows {
  readonly #keys = new Map<number, string>();
  /** The latest row of each key that waits. */
  readonly #waiting = new Map<string, number>();
  /** The row of each key that flies: one at a time, or an older state could arrive after a newer one. */
  readonly #flying = new Map<string, number>();
  /** The highest row of each key that ever waited, delivered ones included; as many as a Thing has properties. */
  readonly #newest = new Map<string, number>();

  /** A row is known from now on, until it leaves. */
  enter(seq: number, key: string): void {
    this.#keys.set(seq, key);
  }

  /** Whether a state is old, wherever the newer one is by now. @param seq at which it was queued, where that is known. */
  isOutdated(key: string, seq: number | undefined): boolean {
    if (seq !== undefined && (this.#newest.get(key) ?? 0) > seq) return true;
    for (const known of this.#keys.values()) if (known === key) return true;
    return false;
  }

  /** The row of a key that waits, or `undefined`. */
  waitingOf(key: string): number | undefined {
    return this.#waiting.get(key);
  }

  /** A row waits from now on. @returns the row that is old because of it, or itself where a newer one waits already. */
  waits(seq: number): number | undefined {
    const key = this.#keys.get(seq);
    if (key === undefined) return undefined;
    if (seq > (this.#newest.get(key) ?? 0)) this.#newest.set(key, seq);
    const other = this.#waiting.get(key);
    if (other === seq) return undefined;
    if (other !== undefined && other > seq) return seq;
    this.#waiting.set(key, seq);
    return other;
  }

  /** A row waits no longer, and may come back. */
  waitsNoMore(seq: number): void {
    const key = this.#keys.get(seq);
    if (key !== undefined && this.#waiting.get(key) === seq) this.#waiting.delete(key);
  }

  /** Whether a row of its key flies. */
  isBehind(seq: number): boolean {
    const key = this.#keys.get(seq);
    return key !== undefined && this.#flying.has(key);
  }

  flies(seq: number): void {
    this.waitsNoMore(seq);
    const key = this.#keys.get(seq);
    if (key !== undefined) this.#flying.set(key, seq);
  }

  fliesNoMore(seq: number): void {
    const key = this.#keys.get(seq);
    if (key !== undefined && this.#flying.get(key) === seq) this.#flying.delete(key);
  }

  leave(seq: number): void {
    this.waitsNoMore(seq);
    this.fliesNoMore(seq);
    this.#keys.delete(seq);
  }
}
