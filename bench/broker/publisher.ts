import type { Link } from "./link.ts";
import { PUBACK, PUBCOMP, PUBREC, PUBREL, type Qos } from "./packets.ts";

/** Sends bursts that were made beforehand, the next one when it has been acknowledged what the burst before it held. */
export class Publisher {
  readonly #link: Link;
  readonly #qos: Qos;
  readonly #bursts: readonly Buffer[];
  readonly #perBurst: number;
  #next = 0;
  /** Messages. */
  sent = 0;
  acknowledged = 0;

  /** @param bursts of `perBurst` messages each; those under way at a time must differ in their identifiers. */
  constructor(
    link: Link,
    bursts: readonly Buffer[],
    options: { readonly qos: Qos; readonly perBurst: number },
  ) {
    this.#link = link;
    this.#bursts = bursts;
    this.#qos = options.qos;
    this.#perBurst = options.perBurst;
    link.onPacket = (head, bytes, start) => {
      if (head === PUBACK || head === PUBCOMP) this.acknowledged++;
      else if (head === PUBREC) link.answer(PUBREL, bytes[start], bytes[start + 1]);
    };
  }

  /** The identifiers of the next burst are free. */
  get ready(): boolean {
    return this.#qos === 0 || this.sent - this.acknowledged <= (this.#bursts.length - 1) * this.#perBurst;
  }

  get settled(): boolean {
    return this.#qos === 0 || this.sent === this.acknowledged;
  }

  send(): void {
    const bytes = this.#bursts[this.#next];
    if (bytes === undefined) throw new RangeError(`no burst ${this.#next}`);
    this.#next = (this.#next + 1) % this.#bursts.length;
    this.sent += this.#perBurst;
    this.#link.write(bytes);
  }
}
