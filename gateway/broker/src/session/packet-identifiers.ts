/** MQTT 5.0 §2.2.1: two bytes, and 0 is none. */
const HIGHEST = 65_535;

/** The packet identifiers that one end of a session has in use, and for what. */
export class PacketIdentifiers<Owner> {
  readonly #owners = new Map<number, Owner>();
  #last = 0;

  /** How many are in use. */
  get size(): number {
    return this.#owners.size;
  }

  owner(id: number): Owner | undefined {
    return this.#owners.get(id);
  }

  /** In the order in which they were taken. */
  owners(): Iterable<Owner> {
    return this.#owners.values();
  }

  /**
   * Takes one that is not in use: 3.1.1 [MQTT-2.3.1-4], 5.0 [MQTT-2.2.1-4]. They go round, so that a late answer to an
   * old packet does not meet a new one with the same number.
   * @returns `undefined` when all 65,535 are in use.
   */
  take(owner: Owner): number | undefined {
    if (this.#owners.size === HIGHEST) return undefined;
    do this.#last = this.#last === HIGHEST ? 1 : this.#last + 1;
    while (this.#owners.has(this.#last));
    this.#owners.set(this.#last, owner);
    return this.#last;
  }

  /** Marks one as in use that an earlier life of the session took. @param id 1 to 65,535. */
  reserve(id: number, owner: Owner): void {
    this.#owners.set(id, owner);
    if (id > this.#last) this.#last = id;
  }

  release(id: number): void {
    this.#owners.delete(id);
  }
}
