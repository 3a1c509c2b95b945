import { matches } from "../aws-iot/topic-filter.ts";

/** A message on its way to a gateway. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
}

/** Messages without PUBACK on one connection. */
const WINDOW = 100;

/** What the platform keeps of one client id: what it listens to, and what waits for it. */
export class Session {
  readonly subscriptions = new Map<string, 0 | 1>();
  readonly persistent: boolean;
  readonly #buffer: number;
  readonly #waiting: Outgoing[] = [];
  readonly #inFlight = new Map<number, Outgoing>();
  #send: ((message: Outgoing, packetId: number) => void) | undefined;
  #packetId = 0;

  /** @param buffer most messages that wait. */
  constructor(persistent: boolean, buffer: number) {
    this.persistent = persistent;
    this.#buffer = buffer;
  }

  attach(send: (message: Outgoing, packetId: number) => void): void {
    this.#send = send;
    this.#flush();
  }

  /** What was not acknowledged is sent once more when the gateway is back. */
  detach(): void {
    this.#send = undefined;
    this.#waiting.unshift(...this.#inFlight.values());
    this.#inFlight.clear();
  }

  hears(topic: string): boolean {
    return [...this.subscriptions.keys()].some((filter) => matches(filter, topic));
  }

  /** @returns whether the oldest one had to go for it. */
  offer(message: Outgoing): boolean {
    const full = this.#waiting.length >= this.#buffer;
    if (full) this.#waiting.shift();
    this.#waiting.push(message);
    this.#flush();
    return full;
  }

  acknowledge(packetId: number): void {
    if (this.#inFlight.delete(packetId)) this.#flush();
  }

  #flush(): void {
    while (this.#send !== undefined && this.#inFlight.size < WINDOW) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      do this.#packetId = (this.#packetId % 65_535) + 1;
      while (this.#inFlight.has(this.#packetId));
      this.#inFlight.set(this.#packetId, message);
      this.#send(message, this.#packetId);
    }
  }
}
