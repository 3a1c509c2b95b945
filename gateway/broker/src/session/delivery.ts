import type { Ms } from "@tram/protocol";

/** How far the delivery of one message has come. */
export type DeliveryState =
  /** It is about to be kept: nobody may send it yet. */
  | "prepared"
  /** It waits for its turn. */
  | "queued"
  /** An earlier process may have sent it. */
  | "unsure"
  /** PUBLISH was sent, PUBACK or PUBREC is awaited. */
  | "published"
  /** Of QoS 2: PUBREC has come, PUBREL was sent, PUBCOMP is awaited. */
  | "released"
  | "ended";

/** What a restart must find of a delivery. */
export interface KeptDelivery<Message> {
  /** Its place in the session's order, above 0; given once. */
  readonly seq: number;
  /** The packet identifier, given with the place: sending it then changes nothing that must be kept. */
  readonly id: number;
  readonly message: Message;
  readonly qos: 1 | 2;
  /** What it counts against the session's quota, in bytes. */
  readonly bytes: number;
  /** By the clock that `next` is asked with; undefined for never. */
  readonly expiresAt: Ms | undefined;
  readonly released: boolean;
}

/** A message of QoS 1 or 2 on its way to the client of a session. */
export interface Delivery<Message> extends KeptDelivery<Message> {
  readonly state: DeliveryState;
}

/** A delivery as its flow changes it. */
export class Exchange<Message> implements Delivery<Message> {
  readonly seq: number;
  id: number;
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly bytes: number;
  readonly expiresAt: Ms | undefined;
  released: boolean;
  state: DeliveryState = "prepared";
  /** When it was first sent, among the others. */
  sending = 0;
  /** On which connection it is under way. */
  connection = 0;

  constructor(kept: KeptDelivery<Message>) {
    this.seq = kept.seq;
    this.id = kept.id;
    this.message = kept.message;
    this.qos = kept.qos;
    this.bytes = kept.bytes;
    this.expiresAt = kept.expiresAt;
    this.released = kept.released;
  }
}

export function wasSent({ state }: { readonly state: DeliveryState }): boolean {
  return state === "published" || state === "released";
}

export function hasExpired({ expiresAt }: { readonly expiresAt: Ms | undefined }, now: Ms): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
