/** MQTT 5.0 §2.2.1: two bytes, and 0 is none. */
const HIGHEST = 65_535;

/** The packet identifiers that one end of a session has in use. */
export class PacketIdentifiers {
  readonly #used = new Set<number>();
  #last = 0;

  /** How many are in use. */
  get size(): number {
    return this.#used.size;
  }

  /**
   * Takes one that is not in use: 3.1.1 [MQTT-2.3.1-4], 5.0 [MQTT-2.2.1-4]. They go round, so that a late answer to an
   * old packet does not meet a new one with the same number.
   * @returns `undefined` when all 65,535 are in use.
   */
  take(): number | undefined {
    if (this.#used.size === HIGHEST) return undefined;
    do this.#last = this.#last === HIGHEST ? 1 : this.#last + 1;
    while (this.#used.has(this.#last));
    this.#used.add(this.#last);
    return this.#last;
  }

  /** Marks one as in use that an earlier life of the session took. @param id 1 to 65,535. */
  reserve(id: number): void {
    this.#used.add(id);
  }

  release(id: number): void {
    this.#used.delete(id);
  }
}
