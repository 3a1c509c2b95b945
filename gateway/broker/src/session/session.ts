import type { MqttClient } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";
import type { Message } from "../engine/message.ts";
import type { Parcel, Receiver } from "../engine/router.ts";
import type { TopicFilter } from "../topics/index.ts";
import type { Delivery } from "./delivery.ts";
import type { InboundFlow } from "./inbound-flow.ts";
import type { Copy, Granted } from "./one-copy.ts";
import type { OutboundFlow } from "./outbound-flow.ts";

/** What a session has subscribed to with one filter. */
export interface SessionSubscription {
  readonly filter: TopicFilter;
  readonly shareName: string | undefined;
  readonly granted: Granted;
}

/** What is published when the client is lost. */
export interface PendingWill {
  readonly message: Message;
  readonly delayMs: Ms;
  /** Its life, which begins when it is published. In seconds. */
  readonly expirySeconds?: number | undefined;
}

/** The connection of a session's client, as the session sees it. */
export interface Link {
  /** Nothing more should be written now. */
  readonly blocked: boolean;
  /** Sends a message of QoS 0, or drops it where the socket is full. @returns whether it was sent. */
  send(message: Message, copy: Copy): boolean;
  /** Something waits: sends what the client takes. */
  pump(): void;
}

/** Who answers a message. */
export interface Acknowledger {
  acknowledge(type: "pubrec", packetId: number, reasonCode?: number): void;
}

/** Retained messages that a new subscription brings along, taken one by one as the client takes them. */
export interface Backlog {
  /** The filter, as the client wrote it. */
  readonly text: string;
  /** Undefined where others are to have their turn. */
  readonly messages: Iterator<Message | undefined, void>;
  readonly granted: Granted;
}

/** Who watches over the queues of all sessions together. */
export interface QueueBudget {
  /** Makes room in all queues. @returns false when there is none. */
  reserve(bytes: number): boolean;
}

/** The state that a client and the broker share and that outlives a connection: 3.1.1 §4.1, 5.0 §4.1. */
export class Session implements Receiver {
  readonly clientId: string;
  readonly username: string;
  /** Its name in the store; never given twice. */
  readonly number: number;
  readonly subscriptions = new Map<string, SessionSubscription>();
  readonly outbound: OutboundFlow<Parcel>;
  readonly inbound: InboundFlow;
  readonly backlog: Backlog[] = [];
  /** Inbound messages of QoS 2 that are just being kept, and where PUBREC is to go. */
  readonly receiving = new Map<number, Acknowledger>();
  readonly traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  readonly #budget: QueueBudget;
  link: Link | undefined;
  /** Its latest connection. */
  lastClient: MqttClient | undefined;
  /** Its client was lost because the broker was: its will waits for it. */
  interrupted = false;
  ended = false;
  /** The store knows it. */
  saved = false;
  /** Seconds that it outlives its connection; 0 for not at all. */
  expirySeconds: number;
  will: PendingWill | undefined;
  /** When the will is due, by the monotonic clock; undefined while the client is here. */
  willDue: Ms | undefined;
  /** When it ends, by the monotonic clock; undefined while the client is here. */
  endsAt: Ms | undefined;
  lastDisconnect: { readonly at: EpochMs; readonly reason: string } | undefined;
  /** Retained messages that are just being kept, before they are sent. */
  arriving = 0;
  /** Retained messages are looked for again in the next turn. */
  scanning = false;
  /** Messages of QoS 0 that a full socket cost. */
  unsent = 0;

  constructor(parts: {
    clientId: string;
    username: string;
    number: number;
    expirySeconds: number;
    outbound: OutboundFlow<Parcel>;
    inbound: InboundFlow;
    budget: QueueBudget;
  }) {
    this.clientId = parts.clientId;
    this.username = parts.username;
    this.number = parts.number;
    this.expirySeconds = parts.expirySeconds;
    this.outbound = parts.outbound;
    this.inbound = parts.inbound;
    this.#budget = parts.budget;
  }

  /** It outlives its connection: what it is given is kept. */
  get durable(): boolean {
    return this.expirySeconds > 0;
  }

  get ready(): boolean {
    return this.link !== undefined && !this.link.blocked;
  }

  /** Messages that quotas or a full socket cost. */
  get dropped(): number {
    return this.outbound.dropped + this.unsent;
  }

  prepare({ copy, message }: Parcel): Delivery<Parcel> | undefined {
    // One that has ended may still be in the plan of a message that was just being kept.
    if (copy.qos === 0 || this.ended) return undefined;
    if (!this.#budget.reserve(message.bytes)) {
      this.outbound.countDropped();
      return undefined;
    }
    const { bytes, expiresAt } = message.keep();
    return this.outbound.prepare({ message, copy }, { qos: copy.qos, bytes, expiresAt });
  }

  admit(delivery: Delivery<Parcel>): void {
    this.outbound.admit(delivery);
    this.link?.pump();
  }

  withdraw(delivery: Delivery<Parcel>): void {
    this.outbound.withdraw(delivery);
  }

  take(message: Message, copy: Copy): void {
    if (copy.qos === 0) {
      if (this.link?.send(message, copy) === false) this.unsent++;
      return;
    }
    const delivery = this.prepare({ message, copy });
    if (delivery !== undefined) this.admit(delivery);
  }
}
