import type { AwsIotLimits } from "./limits.ts";

/** A message on its way to a device. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  /** Only of what was retained before the device subscribed. */
  readonly retain: boolean;
}

/** Where a session's messages go while its device is there. */
export interface SessionLine {
  /** @returns false when the connection has had its share of this second. */
  send(message: Outgoing, packet?: { readonly id: number; readonly again: boolean }): boolean;
}

/** Most messages that are kept for a device; newer ones are dropped, as AWS does above the account's quota. */
const MAX_STORED = 10_000;
/** How far back a session can be rewound. */
const MAX_HISTORY = 1_000;

/** What the broker keeps of one client id. */
export class Session {
  readonly clientId: string;
  readonly persistent: boolean;
  readonly subscriptions = new Map<string, 0 | 1>();
  readonly #limits: Pick<AwsIotLimits, "unacknowledged">;
  readonly #inFlight = new Map<number, Outgoing>();
  /** QoS 1 that could not be sent yet, or was sent and not acknowledged before the connection ended. */
  readonly #stored: { readonly message: Outgoing; readonly again: boolean }[] = [];
  /** What was acknowledged, the newest last. */
  readonly #history: Outgoing[] = [];
  #line: SessionLine | undefined;
  #packetId = 0;

  constructor(clientId: string, persistent: boolean, limits: Pick<AwsIotLimits, "unacknowledged">) {
    this.clientId = clientId;
    this.persistent = persistent;
    this.#limits = limits;
  }

  get line(): SessionLine | undefined {
    return this.#line;
  }

  /** How many messages wait for the device. */
  get stored(): number {
    return this.#stored.length;
  }

  attach(line: SessionLine): void {
    this.#line = line;
  }

  /** The device is gone: what it has not acknowledged is sent once more when it is back. */
  detach(): void {
    this.#line = undefined;
    const unacknowledged = [...this.#inFlight.values()].map((message) => ({ message, again: true }));
    this.#inFlight.clear();
    this.#stored.unshift(...unacknowledged);
  }

  /**
   * Takes a message for the device.
   * @returns false when it was dropped.
   */
  offer(message: Outgoing): boolean {
    if (message.qos === 0) return this.#line?.send(message) === true;
    if (this.#line !== undefined && this.#sendOne(message, false)) return true;
    // Without a session that is kept there is nobody to keep it for, unless the device is only slow.
    if (this.#line === undefined && !this.persistent) return false;
    if (this.#stored.length >= MAX_STORED) return false;
    this.#stored.push({ message, again: false });
    return true;
  }

  /** Sends the oldest of what was stored. */
  sendStored(): void {
    const [first] = this.#stored;
    if (first === undefined || this.#line === undefined) return;
    if (this.#sendOne(first.message, first.again)) this.#stored.shift();
  }

  acknowledge(packetId: number): void {
    const message = this.#inFlight.get(packetId);
    if (message === undefined) return;
    this.#inFlight.delete(packetId);
    this.#history.push(message);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
  }

  /**
   * The broker forgets that the last messages were acknowledged, and sends them again: "on rare occasions, the message
   * broker might resend the same logical PUBLISH message with a different packet ID".
   */
  rewind(count: number): void {
    const last = this.#history.splice(Math.max(0, this.#history.length - count));
    this.#stored.unshift(...last.map((message) => ({ message, again: false })));
  }

  #sendOne(message: Outgoing, again: boolean): boolean {
    if (this.#line === undefined || this.#inFlight.size >= this.#limits.unacknowledged) return false;
    const id = this.#nextId();
    this.#inFlight.set(id, message);
    if (this.#line.send(message, { id, again })) return true;
    this.#inFlight.delete(id);
    return false;
  }

  #nextId(): number {
    do {
      this.#packetId = (this.#packetId % 65_535) + 1;
    } while (this.#inFlight.has(this.#packetId));
    return this.#packetId;
  }
}
