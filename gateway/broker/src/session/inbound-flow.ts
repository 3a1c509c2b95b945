/**
 * The receiver's half of QoS 2, method A of 3.1.1 §4.3.3 and 5.0 §4.3.3: a message is taken once, however often its
 * PUBLISH comes, until PUBREL ends the exchange.
 */
export class InboundFlow {
  readonly #open: Set<number>;

  /** @param open the packet identifiers whose messages an earlier life of the session took. */
  constructor(open: Iterable<number> = []) {
    this.#open = new Set(open);
  }

  /** Exchanges that PUBREL has not ended: what counts against the Receive Maximum that the server gave. */
  get size(): number {
    return this.#open.size;
  }

  get open(): Iterable<number> {
    return this.#open;
  }

  /**
   * A PUBLISH of QoS 2 has come. Answer it with PUBREC in any case ([MQTT-4.3.3-9]; of 3.1.1 -2), once it is kept.
   * @returns true for a new message; false for one that was taken already ([MQTT-4.3.3-10]), whatever its DUP flag says.
   */
  receive(id: number): boolean {
    if (this.#open.has(id)) return false;
    this.#open.add(id);
    return true;
  }

  /** The PUBREC refuses the message (reason 0x80 or above): there will be no PUBREL, and the identifier is free. */
  refuse(id: number): void {
    this.#open.delete(id);
  }

  /**
   * PUBREL has come. Answer it with PUBCOMP in any case ([MQTT-4.3.3-11]).
   * @returns false when the identifier is not known: reason 0x92 for clients of 5.0, which is not an error during
   * recovery (5.0 §3.7.2.1).
   */
  release(id: number): boolean {
    return this.#open.delete(id);
  }
}
