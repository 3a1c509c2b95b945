import type { Ms } from "@tram/protocol";
import { type Delivery, Exchange, hasExpired, type KeptDelivery, wasSent } from "./delivery.ts";
import { Fifo } from "./fifo.ts";
import { PacketIdentifiers } from "./packet-identifiers.ts";

export interface OutboundLimits {
  /** Messages that wait or are under way, 1 to 65,535. */
  readonly messages: number;
  /** Their bytes, at most. */
  readonly bytes: number;
}

/** A packet that is due. */
export type OutboundPacket<Message> =
  | {
      readonly send: "publish";
      readonly delivery: Delivery<Message>;
      readonly id: number;
      readonly dup: boolean;
    }
  | { readonly send: "pubrel"; readonly id: number };

/** The bytes of several queues together. */
export interface QueueMeter {
  bytes: number;
}

export interface OutboundFlowOptions<Message> {
  readonly limits: OutboundLimits;
  /** What an earlier life of the session left, in any order. */
  readonly left?: Iterable<KeptDelivery<Message>>;
  /** Identifiers of those that were sent in it; `unknown` after a crash, when any of them may have been. */
  readonly sent?: ReadonlySet<number> | "unknown";
  /** Counts along. */
  readonly meter?: QueueMeter;
  /** Told of a delivery that was released (PUBREC) or has ended: a restart must find it so. */
  readonly onChange?: (delivery: Delivery<Message>) => void;
}

interface Offer {
  readonly qos: 1 | 2;
  readonly bytes: number;
  readonly expiresAt?: Ms | undefined;
}

/**
 * The sender's half of QoS 1 and 2 in one session: what waits, what is under way, and what is sent again when the client
 * returns. It knows no socket and no clock: the caller sends what `next` gives, and passes on what comes back.
 */
export class OutboundFlow<Message> {
  readonly #limits: OutboundLimits;
  readonly #meter: QueueMeter;
  readonly #onChange: ((delivery: Delivery<Message>) => void) | undefined;
  readonly #ids = new PacketIdentifiers<Exchange<Message>>();
  readonly #queued = new Fifo<Exchange<Message>>();
  /** To be sent again to a client that returned, in their order. */
  readonly #again = new Fifo<Exchange<Message>>();
  /** How many the client takes at once (5.0 §3.1.2.11.3); 0 while it is away. */
  #window = 0;
  /** Exchanges that were begun or taken up again on this connection and have not ended (5.0 §4.9). */
  #onConnection = 0;
  #connection = 0;
  #bytes = 0;
  #lastSeq = 0;
  #sendings = 0;
  #dropped = 0;
  #expired = 0;

  constructor({
    left = [],
    limits,
    meter = { bytes: 0 },
    sent = "unknown",
    onChange,
  }: OutboundFlowOptions<Message>) {
    this.#limits = limits;
    this.#meter = meter;
    this.#onChange = onChange;
    for (const kept of [...left].sort((a, b) => a.seq - b.seq)) {
      const exchange = new Exchange(kept);
      this.#count(kept.bytes);
      this.#lastSeq = kept.seq;
      this.#ids.reserve(kept.id, exchange);
      exchange.sending = ++this.#sendings;
      if (kept.released) exchange.state = "released";
      else if (sent === "unknown") exchange.state = "unsure";
      else if (sent.has(kept.id)) exchange.state = "published";
      else this.#enqueue(exchange);
    }
  }

  /** Messages that wait or are under way. */
  get size(): number {
    return this.#ids.size;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that the quota cost so far; tell people. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Messages that nobody took in time. */
  get expired(): number {
    return this.#expired;
  }

  /** Something could be sent if the client took it. */
  get waiting(): boolean {
    return this.#queued.length > 0 || this.#again.length > 0;
  }

  /** The client takes another message at once. */
  get open(): boolean {
    return this.#window > this.#onConnection && !this.waiting;
  }

  /** Everything that has not ended. */
  get deliveries(): Iterable<Delivery<Message>> {
    return this.#ids.owners();
  }

  /** Identifiers of what was sent and is not answered. */
  get inFlight(): number[] {
    return [...this.#ids.owners()].filter(wasSent).map(({ id }) => id);
  }

  /**
   * Gives a message its place and its identifier. Keep it, then `admit` it. Where there is no room the oldest that wait
   * make it; what is under way stays, for the client may have it already.
   * @returns undefined when there is no room even so: it is dropped, and counted.
   */
  prepare(message: Message, { qos, bytes, expiresAt }: Offer): Delivery<Message> | undefined {
    while (!this.#hasRoom(bytes)) {
      if (this.dropOldest()) continue;
      this.#dropped++;
      return undefined;
    }
    const seq = this.#lastSeq + 1;
    const exchange = new Exchange({ seq, id: 0, message, qos, bytes, expiresAt, released: false });
    const id = this.#ids.take(exchange);
    if (id === undefined) {
      this.#dropped++;
      return undefined;
    }
    exchange.id = id;
    this.#lastSeq = seq;
    this.#count(bytes);
    return exchange;
  }

  /** Makes room for others. @returns false when nothing waits: what is under way stays. */
  dropOldest(): boolean {
    const oldest = this.#queued.shift();
    if (oldest === undefined) return false;
    this.#dropped++;
    this.#end(oldest);
    return true;
  }

  /** A message was not even prepared, for there was no room elsewhere. */
  countDropped(): void {
    this.#dropped++;
  }

  /** What was prepared is kept: it waits for its turn from now on. It may have ended meanwhile. */
  admit(delivery: Delivery<Message>): void {
    const exchange = delivery as Exchange<Message>;
    if (exchange.state === "prepared") this.#enqueue(exchange);
  }

  /** What was prepared could not be kept. */
  withdraw(delivery: Delivery<Message>): void {
    if (delivery.state === "prepared") this.#forget(delivery as Exchange<Message>);
  }

  /** Takes a message that need not be kept. @returns false when there is no room: it is dropped, and counted. */
  offer(message: Message, offer: Offer): boolean {
    const delivery = this.prepare(message, offer);
    if (delivery === undefined) return false;
    this.admit(delivery);
    return true;
  }

  /**
   * The client is here. What was under way is sent again, in the order in which it was first sent, before anything new:
   * [MQTT-4.4.0-1], [MQTT-4.6.0-1].
   * @param receiveMaximum of its CONNECT, 1 to 65,535 (5.0 §3.1.2.11.3); for 3.1.1 what the house allows.
   */
  connected(receiveMaximum: number): void {
    this.disconnected();
    this.#window = receiveMaximum;
    const again = [...this.#ids.owners()].filter(
      (exchange) => wasSent(exchange) || exchange.state === "unsure",
    );
    for (const exchange of again.sort((a, b) => a.sending - b.sending)) this.#again.push(exchange);
  }

  /** The client is gone; everything stays where it is. */
  disconnected(): void {
    this.#window = 0;
    this.#onConnection = 0;
    this.#connection++;
    this.#again.clear();
  }

  /**
   * The next packet that may be sent now: never more of them than the client takes at once ([MQTT-3.3.4-9]).
   * @param now messages that expired before this are not sent any more ([MQTT-3.3.2-5]); those that were sent once are.
   */
  next(now: Ms): OutboundPacket<Message> | undefined {
    if (this.#onConnection >= this.#window) return undefined;
    return (this.#again.length > 0 ? this.#nextAgain(now) : undefined) ?? this.#nextNew(now);
  }

  /**
   * PUBACK has come, or a PUBREC that refuses (5.0: reason 0x80 and above): the message has ended.
   * @returns false when nothing with this identifier waits for it.
   */
  acknowledge(type: "puback" | "refusing pubrec", id: number): boolean {
    const exchange = this.#ids.owner(id);
    if (exchange?.state !== "published" || exchange.qos !== (type === "puback" ? 1 : 2)) return false;
    this.#end(exchange);
    return true;
  }

  /** The packet is larger than the client takes: the message ends as if it had been delivered ([MQTT-3.1.2-25]). */
  skip(id: number): void {
    const exchange = this.#ids.owner(id);
    if (exchange?.state === "published") this.#end(exchange);
  }

  /**
   * PUBREC has come: from now on the message is not sent again, PUBREL is ([MQTT-4.3.3-5]; of 3.1.1 -1). Send it when
   * this is kept.
   * @returns false when nothing with this identifier waits for it: 5.0 answers PUBREL with reason 0x92.
   */
  received(id: number): boolean {
    const exchange = this.#ids.owner(id);
    if (exchange?.qos !== 2) return false;
    if (exchange.state === "published") this.#release(exchange);
    return exchange.state === "released";
  }

  /** PUBCOMP has come: the message has ended. @returns false when nothing with this identifier waits for it. */
  complete(id: number): boolean {
    const exchange = this.#ids.owner(id);
    if (exchange?.state !== "released") return false;
    this.#end(exchange);
    return true;
  }

  /** Ends everything: the session is over. */
  clear(): void {
    for (const exchange of [...this.#ids.owners()]) this.#end(exchange);
    this.#queued.clear();
    this.#again.clear();
  }

  #nextAgain(now: Ms): OutboundPacket<Message> | undefined {
    for (let exchange = this.#again.shift(); exchange !== undefined; exchange = this.#again.shift()) {
      // It may have been dropped, or ended by a late answer.
      if (exchange.state === "ended") continue;
      if (exchange.state === "unsure" && hasExpired(exchange, now)) {
        this.#expired++;
        if (exchange.qos === 1) {
          this.#end(exchange);
          continue;
        }
        // Whether the client holds its identifier nobody knows. PUBREL frees it, and delivers nothing.
        this.#release(exchange);
      }
      this.#begin(exchange);
      const { id, state } = exchange;
      if (state === "released") return { send: "pubrel", id };
      exchange.state = "published";
      return { send: "publish", delivery: exchange, id, dup: true };
    }
    return undefined;
  }

  #nextNew(now: Ms): OutboundPacket<Message> | undefined {
    for (let exchange = this.#queued.shift(); exchange !== undefined; exchange = this.#queued.shift()) {
      if (exchange.state === "ended") continue;
      if (hasExpired(exchange, now)) {
        this.#expired++;
        this.#end(exchange);
        continue;
      }
      exchange.state = "published";
      exchange.sending = ++this.#sendings;
      this.#begin(exchange);
      return { send: "publish", delivery: exchange, id: exchange.id, dup: false };
    }
    return undefined;
  }

  #enqueue(exchange: Exchange<Message>): void {
    exchange.state = "queued";
    this.#queued.push(exchange);
  }

  #begin(exchange: Exchange<Message>): void {
    exchange.connection = this.#connection;
    this.#onConnection++;
  }

  #release(exchange: Exchange<Message>): void {
    exchange.state = "released";
    exchange.released = true;
    this.#onChange?.(exchange);
  }

  #hasRoom(bytes: number): boolean {
    return this.size < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#meter.bytes += bytes;
  }

  #end(exchange: Exchange<Message>): void {
    this.#forget(exchange);
    this.#onChange?.(exchange);
  }

  #forget(exchange: Exchange<Message>): void {
    this.#count(-exchange.bytes);
    if (exchange.connection === this.#connection) this.#onConnection--;
    exchange.state = "ended";
    this.#ids.release(exchange.id);
  }
}
