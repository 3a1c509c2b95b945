import type { EpochMs } from "@tram/protocol";
import { PacketIdentifiers } from "./packet-identifiers.ts";

/** How far the delivery of one message has come. */
export type DeliveryState =
  /** It waits for its turn. */
  | "queued"
  /** PUBLISH was sent, PUBACK or PUBREC is awaited. */
  | "published"
  /** Of QoS 2: PUBREC has come, PUBREL was sent, PUBCOMP is awaited. */
  | "released";

/** A message of QoS 1 or 2 on its way to the client of a session. */
export interface Delivery<Message> {
  /** Its place in the session's order, above 0; given once. */
  readonly seq: number;
  readonly message: Message;
  readonly qos: 1 | 2;
  /** What it counts against the session's quota, in bytes. */
  readonly bytes: number;
  readonly expiresAt: EpochMs | undefined;
  readonly state: DeliveryState;
  /** The packet identifier; undefined while it is queued. */
  readonly id: number | undefined;
}

export interface OutboundLimits {
  /** Messages that wait or are under way, at most. */
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

export interface OutboundFlowOptions<Message> {
  readonly limits: OutboundLimits;
  /** What an earlier life of the session left, in any order. */
  readonly left?: Iterable<Delivery<Message>>;
  /** Told of every change that a restart must find again; undefined for a delivery that has ended. */
  readonly onChange?: (seq: number, delivery: Delivery<Message> | undefined) => void;
}

/**
 * The sender's half of QoS 1 and 2 in one session: what waits, what is under way, and what is sent again when the client
 * returns. It knows no socket and no clock: the caller sends what `next` gives, and passes on what comes back.
 */
export class OutboundFlow<Message> {
  readonly #limits: OutboundLimits;
  readonly #onChange: (seq: number, delivery: Delivery<Message> | undefined) => void;
  readonly #ids = new PacketIdentifiers();
  /** By place; the order of a Map is that of insertion, and places only rise. */
  readonly #queued = new Map<number, Delivery<Message>>();
  /** By packet identifier, in the order of sending. */
  readonly #underWay = new Map<number, Delivery<Message>>();
  /** Packet identifiers to be sent again to a client that returned, in their order. */
  #again: number[] = [];
  /** How many the client takes at once (5.0 §3.1.2.11.3); 0 while it is away. */
  #window = 0;
  /** Exchanges that were begun or taken up again on this connection and have not ended (5.0 §4.9). */
  readonly #onConnection = new Set<number>();
  #bytes = 0;
  #lastSeq = 0;
  #dropped = 0;
  #expired = 0;

  constructor({ left = [], limits, onChange = () => undefined }: OutboundFlowOptions<Message>) {
    this.#limits = limits;
    this.#onChange = onChange;
    for (const delivery of [...left].sort((a, b) => a.seq - b.seq)) {
      this.#bytes += delivery.bytes;
      this.#lastSeq = delivery.seq;
      if (delivery.id === undefined) this.#queued.set(delivery.seq, delivery);
      else {
        this.#ids.reserve(delivery.id);
        this.#underWay.set(delivery.id, delivery);
      }
    }
  }

  /** Messages that wait or are under way. */
  get size(): number {
    return this.#queued.size + this.#underWay.size;
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

  /**
   * Takes a message. Where there is no room the oldest that wait make it; what is under way stays, for the client may have
   * it already.
   * @returns false when there is no room even so: it is dropped, and counted.
   */
  offer(
    message: Message,
    options: { readonly qos: 1 | 2; readonly bytes: number; readonly expiresAt?: EpochMs | undefined },
  ): boolean {
    const { qos, bytes, expiresAt } = options;
    for (const delivery of this.#queued.values()) {
      if (this.#hasRoom(bytes)) break;
      this.#dropped++;
      this.#end(delivery);
    }
    if (!this.#hasRoom(bytes)) {
      this.#dropped++;
      return false;
    }
    const seq = ++this.#lastSeq;
    const delivery = { seq, message, qos, bytes, expiresAt, state: "queued", id: undefined } as const;
    this.#bytes += bytes;
    this.#queued.set(seq, delivery);
    this.#onChange(seq, delivery);
    return true;
  }

  /**
   * The client is here. What was under way is sent again, in the order in which it was first sent, before anything new:
   * [MQTT-4.4.0-1], [MQTT-4.6.0-1].
   * @param receiveMaximum of its CONNECT, 1 to 65,535 (5.0 §3.1.2.11.3); for 3.1.1 what the house allows.
   */
  connected(receiveMaximum: number): void {
    this.#window = receiveMaximum;
    this.#onConnection.clear();
    this.#again = [...this.#underWay.keys()];
  }

  /** The client is gone; everything stays where it is. */
  disconnected(): void {
    this.#window = 0;
    this.#onConnection.clear();
    this.#again = [];
  }

  /**
   * The next packet that may be sent now: never more of them than the client takes at once ([MQTT-3.3.4-9]).
   * @param now messages that expired before this are not sent any more ([MQTT-3.3.2-5]); those that were sent once are.
   */
  next(now: EpochMs): OutboundPacket<Message> | undefined {
    if (this.#onConnection.size >= this.#window) return undefined;
    return this.#nextAgain() ?? this.#nextNew(now);
  }

  /**
   * PUBACK has come, or a PUBREC that refuses (5.0: reason 0x80 and above): the message has ended.
   * @returns false when nothing with this identifier waits for it.
   */
  acknowledge(type: "puback" | "refusing pubrec", id: number): boolean {
    const delivery = this.#underWay.get(id);
    if (delivery?.state !== "published" || delivery.qos !== (type === "puback" ? 1 : 2)) return false;
    this.#end(delivery);
    return true;
  }

  /**
   * PUBREC has come: from now on the message is not sent again, PUBREL is ([MQTT-4.3.3-5]; of 3.1.1 -1). Send it when
   * this is kept.
   * @returns false when nothing with this identifier waits for it: 5.0 answers PUBREL with reason 0x92.
   */
  received(id: number): boolean {
    const delivery = this.#underWay.get(id);
    if (delivery?.qos !== 2) return false;
    if (delivery.state !== "released") {
      const released = { ...delivery, state: "released" } as const;
      this.#underWay.set(id, released);
      this.#onChange(delivery.seq, released);
    }
    return true;
  }

  /** PUBCOMP has come: the message has ended. @returns false when nothing with this identifier waits for it. */
  complete(id: number): boolean {
    const delivery = this.#underWay.get(id);
    if (delivery?.state !== "released") return false;
    this.#end(delivery);
    return true;
  }

  /** Ends everything: the session is over. */
  clear(): void {
    for (const delivery of [...this.#queued.values(), ...this.#underWay.values()]) this.#end(delivery);
    this.#again = [];
  }

  #nextAgain(): OutboundPacket<Message> | undefined {
    for (;;) {
      const id = this.#again.shift();
      if (id === undefined) return undefined;
      const delivery = this.#underWay.get(id);
      // An answer to what was sent before the connection broke cannot come on a new one, but the session may be cleared.
      if (delivery === undefined) continue;
      this.#onConnection.add(id);
      return delivery.state === "released"
        ? { send: "pubrel", id }
        : { send: "publish", delivery, id, dup: true };
    }
  }

  #nextNew(now: EpochMs): OutboundPacket<Message> | undefined {
    for (const delivery of this.#queued.values()) {
      if (delivery.expiresAt !== undefined && delivery.expiresAt <= now) {
        this.#expired++;
        this.#end(delivery);
        continue;
      }
      const id = this.#ids.take();
      if (id === undefined) return undefined;
      const published = { ...delivery, state: "published", id } as const;
      this.#queued.delete(delivery.seq);
      this.#underWay.set(id, published);
      this.#onConnection.add(id);
      this.#onChange(delivery.seq, published);
      return { send: "publish", delivery: published, id, dup: false };
    }
    return undefined;
  }

  #hasRoom(bytes: number): boolean {
    return this.size < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes;
  }

  #end({ bytes, id, seq }: Delivery<Message>): void {
    this.#bytes -= bytes;
    this.#queued.delete(seq);
    if (id !== undefined) {
      this.#underWay.delete(id);
      this.#onConnection.delete(id);
      this.#ids.release(id);
    }
    this.#onChange(seq, undefined);
  }
}
