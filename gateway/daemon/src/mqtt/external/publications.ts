import { matches, type TopicFilter, type TopicName } from "@tram/broker";
import { type MqttMessage, StoreError } from "@tram/core";
import type { Ms } from "@tram/protocol";

export interface PublicationLimits {
  /** Messages that are not retained and wait for the link; bytes of all that wait. */
  readonly messages: number;
  readonly bytes: number;
  /** Topics with a retained message of the gateway. */
  readonly retained: number;
  /** How long a message that is not retained waits for the link: after that nobody wants it any more. */
  readonly patienceMs: Ms;
}

export const PUBLICATION_LIMITS: PublicationLimits = {
  messages: 1_000,
  bytes: 8_388_608,
  retained: 20_000,
  patienceMs: 30_000,
};

/** A message on its way to the broker. */
export interface Publication {
  readonly message: MqttMessage;
  /** When it is given up; undefined for retained ones, of which the latest is always wanted. */
  readonly until: Ms | undefined;
  readonly settle: (error?: StoreError) => void;
}

/**
 * What the gateway has published and the broker has not acknowledged, in the order of its publishing. Of the retained
 * messages of a topic the latest counts, and all of them are remembered: a broker that has lost them gets them again.
 */
export class Publications {
  readonly #limits: PublicationLimits;
  /** By topic for retained messages, by a number for others. */
  readonly #waiting = new Map<string | number, Publication>();
  readonly #flying = new Map<string | number, Publication>();
  readonly #retained = new Map<string, MqttMessage>();
  #bytes = 0;
  #plain = 0;
  #last = 0;
  #dropped = 0;
  #onEmpty: () => void = nobody;

  constructor(limits: PublicationLimits = PUBLICATION_LIMITS) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.size + this.#flying.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get flying(): number {
    return this.#flying.size;
  }

  get retained(): number {
    return this.#retained.size;
  }

  /** Messages that were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The gateway's own retained messages whose topics match. */
  *retainedMatching(filter: TopicFilter): Generator<MqttMessage> {
    for (const [topic, message] of this.#retained) if (matches(filter, topic as TopicName)) yield message;
  }

  /** Resolves when nothing waits any more. */
  emptied(): Promise<void> {
    if (this.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** The gateway's own retained message of a topic. */
  retainedOf(topic: string): MqttMessage | undefined {
    return this.#retained.get(topic);
  }

  /**
   * Takes a message.
   * @returns resolves when the broker has it; for a retained one at once, because from now on it is remembered here and
   * the gateway publishes it anew after each start.
   * @throws {StoreError} (rejects) when it was given up.
   */
  add(message: MqttMessage, now: Ms): Promise<void> {
    if (message.retain) return this.#addRetained(message);
    const { bytes, messages, patienceMs } = this.#limits;
    if (this.#plain >= messages || this.#bytes + sizeOf(message) > bytes) {
      this.#dropped++;
      return Promise.reject(new StoreError("full", "too many messages wait for the external broker"));
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: StoreError): void => (error === undefined ? resolve() : reject(error));
      this.#plain++;
      this.#put(++this.#last, { message, until: now + patienceMs, settle });
    });
  }

  /** The next one to send, which is in flight from now on. */
  next(): readonly [key: string | number, publication: Publication] | undefined {
    for (const [key, publication] of this.#waiting) {
      // Two messages of one topic in flight could change places when they are sent again.
      if (this.#flying.has(key)) continue;
      this.#waiting.delete(key);
      this.#flying.set(key, publication);
      return [key, publication];
    }
    return undefined;
  }

  /** The broker has answered. @param error why it did not take the message. */
  done(key: string | number, error?: StoreError): void {
    const publication = this.#flying.get(key);
    if (publication === undefined) return;
    this.#flying.delete(key);
    this.#forget(publication, error);
  }

  /** The link is lost: what was in flight waits again, before everything else, unless there is news of its topic. */
  recall(): void {
    const later = [...this.#waiting];
    this.#waiting.clear();
    for (const [key, publication] of this.#flying) {
      if (later.some(([other]) => other === key)) this.#forget(publication);
      else this.#waiting.set(key, publication);
    }
    this.#flying.clear();
    for (const [key, publication] of later) this.#waiting.set(key, publication);
  }

  /** Everything that the gateway retains is to be sent again, or one topic of it. */
  again(topic?: string): void {
    for (const [known, message] of this.#retained) {
      if (topic !== undefined && known !== topic) continue;
      if (!this.#waiting.has(known)) this.#put(known, { message, until: undefined, settle: nobody });
    }
  }

  /** Gives up what has waited too long. */
  expire(now: Ms): void {
    for (const [key, publication] of this.#waiting) {
      if (publication.until === undefined || now < publication.until) continue;
      this.#waiting.delete(key);
      this.#dropped++;
      this.#forget(publication, new StoreError("io", "the external broker cannot be reached"));
    }
  }

  /** Gives up everything. */
  close(): void {
    for (const map of [this.#waiting, this.#flying]) {
      for (const publication of map.values()) {
        this.#forget(publication, new StoreError("closed", "the gateway stops"));
      }
      map.clear();
    }
  }

  #addRetained(message: MqttMessage): Promise<void> {
    const { topic } = message;
    if (!this.#retained.has(topic) && this.#retained.size >= this.#limits.retained) {
      this.#dropped++;
      return Promise.reject(new StoreError("full", "too many retained messages for the external broker"));
    }
    // 3.1.1 §3.3.1.3: an empty one forgets the topic, there and here.
    if (message.payload.length === 0) this.#retained.delete(topic);
    else this.#retained.set(topic, message);
    const older = this.#waiting.get(topic);
    this.#waiting.delete(topic);
    if (older !== undefined) this.#forget(older);
    this.#put(topic, { message, until: undefined, settle: nobody });
    return Promise.resolve();
  }

  #put(key: string | number, publication: Publication): void {
    this.#bytes += sizeOf(publication.message);
    this.#waiting.set(key, publication);
  }

  #forget({ message, settle }: Publication, error?: StoreError): void {
    this.#bytes -= sizeOf(message);
    if (!message.retain) this.#plain--;
    settle(error);
    if (this.waiting === 0) this.#onEmpty();
  }
}

function sizeOf({ topic, payload }: MqttMessage): number {
  return topic.length + payload.length;
}

function nobody(): void {}
