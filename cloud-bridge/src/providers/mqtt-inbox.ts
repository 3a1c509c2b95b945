import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { IPublishPacket } from "mqtt";
import { topicMatches } from "./topic-match.ts";

/** What a cloud may say, and who hears it. */
export interface MqttSubscription {
  readonly filters: readonly string[];
  readonly qos: 0 | 1;
  /** Longest payload in bytes; a longer one is refused unread. Default 131,072. */
  readonly maxBytes?: number;
  /** MQTT 5.0 §3.8.3.1: what we publish ourselves does not come back. Not every cloud knows the word. Default: no. */
  readonly noLocal?: boolean;
  /**
   * Hears a message. One of QoS 1 is acknowledged once the promise has resolved; when it rejects it is not, and the
   * broker sends it to a later connection again, if it keeps a session for us.
   */
  onMessage(topic: string, payload: Buffer, packet: IPublishPacket): Promise<void>;
}

/** A message that nobody reads: it is too long, or too many came at once. */
export interface RefusedMessage {
  readonly topic: string;
  readonly why: "too-large" | "too-many";
}

export interface MqttInboxParts {
  /** Gives a PUBACK; the reason code is of MQTT 5 and 0 where it is taken. */
  readonly acknowledge: (packetId: number, reasonCode: number) => void;
  readonly onRefused: (refused: RefusedMessage) => void;
  /** It sends what nobody has subscribed to, without end. */
  readonly onNonsense: () => void;
  /** More messages wait for their turn to be acknowledged than anybody could mean. */
  readonly onBehind: () => void;
  /** A handler has failed: its message stays unacknowledged. */
  readonly onFailed: (error: unknown) => void;
  readonly clock: Pick<Clock, "after">;
}

/** Messages that are looked at at the same time. */
const MOST_OPEN = 16;
/** Messages that wait for that, and their payloads. */
const MOST_WAITING = 256;
const MOST_WAITING_BYTES = 4 * 1_048_576;
/**
 * Messages that wait for the acknowledgement of an older one: those that are open or wait, and three times as many that
 * need nobody.
 */
const MOST_OWED = 1_024;
const DEFAULT_MAX_BYTES = 131_072;
/**
 * Messages that are read in one pause, on whatever topic. mqtt.js goes through all that has arrived without a break: a cloud
 * that sends what nobody hears would hold the whole gateway for a second at a time.
 */
const MOST_AT_ONCE = 100;
/**
 * Of these, without a pause between them, so many that nobody has subscribed to: no broker does that which means well, and
 * behind them its acknowledgements would come too late.
 */
const MOST_UNHEARD = 1_000;
/** What a flood costs: after a message that finds no place, nothing is read for a while, and TCP holds back the sender. */
export const FLOOD_PAUSE_MS: Ms = 20;
/** MQTT 5.0 §3.4.2.1: "an implementation or administrative imposed limit has been exceeded". */
const QUOTA_EXCEEDED = 0x97;

/** Tells mqtt.js to go on with the next packet and leave the PUBACK to us. */
const NOT_YET = new Error("acknowledged later");

interface Owed {
  readonly packetId: number;
  answer: "open" | "never" | number;
}

interface Letter {
  readonly packet: IPublishPacket;
  readonly payload: Buffer;
  readonly subscription: MqttSubscription;
  readonly owed: Owed | undefined;
}

/**
 * What comes from a cloud: bounded, and acknowledged in the order in which it came ([MQTT-4.6.0-2]), each message only
 * once it was dealt with. While the house thinks, what is not about it (PUBACKs above all) is read on.
 */
export class MqttInbox {
  readonly #parts: MqttInboxParts;
  readonly #subscriptions: MqttSubscription[] = [];
  readonly #owed: Owed[] = [];
  readonly #waiting: Letter[] = [];
  #waitingBytes = 0;
  #open = 0;
  #pause: Disposable | undefined;
  /** Messages since the last pause, or since there was none. */
  #heard = 0;
  #unheard = 0;
  #breath: Disposable | undefined;
  #held: (() => void) | undefined;
  #closed = false;

  constructor(parts: MqttInboxParts) {
    this.#parts = parts;
  }

  /** The first one whose filter matches hears a message. */
  add(subscription: MqttSubscription): void {
    this.#subscriptions.push(subscription);
  }

  remove(subscription: MqttSubscription): void {
    const index = this.#subscriptions.indexOf(subscription);
    if (index >= 0) this.#subscriptions.splice(index, 1);
  }

  /** Takes a message from mqtt.js. @param next lets the next packet in. */
  take(packet: IPublishPacket, next: (error?: Error) => void): void {
    const owed = packet.qos === 1 ? this.#owe(packet.messageId ?? 0) : undefined;
    const goOn = (): void => this.#goOn(() => next(owed === undefined ? undefined : NOT_YET));
    const { topic } = packet;
    const subscription = this.#subscriptions.find(({ filters }) =>
      filters.some((filter) => topicMatches(filter, topic)),
    );
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    if (subscription === undefined) {
      this.#answer(owed, 0);
      if (++this.#unheard === MOST_UNHEARD) this.#parts.onNonsense();
      goOn();
      return;
    }
    if (payload.length > (subscription.maxBytes ?? DEFAULT_MAX_BYTES)) {
      this.#refuse(owed, { topic, why: "too-large" });
      goOn();
      return;
    }
    const letter: Letter = { packet, payload, subscription, owed };
    if (this.#open < MOST_OPEN) this.#hand(letter);
    else if (
      this.#waiting.length < MOST_WAITING &&
      this.#waitingBytes + payload.length <= MOST_WAITING_BYTES
    ) {
      this.#waiting.push(letter);
      this.#waitingBytes += payload.length;
    } else {
      this.#refuse(owed, { topic, why: "too-many" });
      this.#pause = this.#parts.clock.after(FLOOD_PAUSE_MS, goOn);
      return;
    }
    goOn();
  }

  /** What was not acknowledged by now never is. */
  close(): void {
    this.#closed = true;
    this.#pause?.[Symbol.dispose]();
    this.#breath?.[Symbol.dispose]();
    this.#held = undefined;
    this.#waiting.length = 0;
  }

  /** What comes faster than anybody could mean it is read more slowly, and TCP holds back the sender. */
  #goOn(next: () => void): void {
    if (this.#closed) return;
    this.#breath ??= this.#parts.clock.after(FLOOD_PAUSE_MS, () => {
      const held = this.#held;
      this.#breath = undefined;
      this.#held = undefined;
      this.#heard = 0;
      if (held === undefined) this.#unheard = 0;
      held?.();
    });
    if (++this.#heard < MOST_AT_ONCE) next();
    else this.#held = next;
  }

  #hand({ packet, payload, subscription, owed }: Letter): void {
    this.#open++;
    const hear = async (): Promise<void> => subscription.onMessage(packet.topic, payload, packet);
    hear().then(
      () => this.#done(owed, 0),
      (error: unknown) => {
        this.#parts.onFailed(error);
        this.#done(owed, "never");
      },
    );
  }

  #done(owed: Owed | undefined, answer: 0 | "never"): void {
    this.#open--;
    this.#answer(owed, answer);
    const letter = this.#waiting.shift();
    if (letter === undefined) return;
    this.#waitingBytes -= letter.payload.length;
    this.#hand(letter);
  }

  #owe(packetId: number): Owed {
    const owed: Owed = { packetId, answer: "open" };
    this.#owed.push(owed);
    if (this.#owed.length > MOST_OWED) this.#parts.onBehind();
    return owed;
  }

  #refuse(owed: Owed | undefined, refused: RefusedMessage): void {
    this.#answer(owed, QUOTA_EXCEEDED);
    this.#parts.onRefused(refused);
  }

  #answer(owed: Owed | undefined, answer: number | "never"): void {
    if (owed === undefined) return;
    owed.answer = answer;
    for (let first = this.#owed[0]; first !== undefined && first.answer !== "open"; first = this.#owed[0]) {
      this.#owed.shift();
      if (first.answer !== "never" && !this.#closed) this.#parts.acknowledge(first.packetId, first.answer);
    }
  }
}
