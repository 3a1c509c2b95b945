import type { Log, MqttMessage, Store, Unit } from "@tram/core";

const TABLE = "retained";
/** Bounds on what clients can make the gateway keep. */
export const RETAINED_LIMITS = { topics: 10_000, payloadBytes: 262_144 } as const;

interface StoredMessage {
  /** Base64: payloads are bytes. */
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
}

/** Keeps the retained messages of clients, so that they outlive the process. */
export class Retained {
  readonly #topics = new Set<string>();
  readonly #log: Log;
  #fullTold = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Topics that have a message. */
  get size(): number {
    return this.#topics.size;
  }

  /** Loads what was kept, for the broker to start with. */
  async restore(store: Store): Promise<readonly MqttMessage[]> {
    const messages: MqttMessage[] = [];
    for (const [topic, value] of await store.entries(TABLE)) {
      const { payload, qos } = value as unknown as StoredMessage;
      messages.push({ topic, payload: Buffer.from(payload, "base64"), qos, retain: true });
      this.#topics.add(topic);
    }
    return messages;
  }

  /**
   * Keeps a retained message, or forgets its topic when the payload is empty (3.1.1 §3.3.1.3).
   * @returns false when there is no room: the message must not be acknowledged.
   */
  keep(message: MqttMessage, unit: Unit): boolean {
    const { topic, payload, qos } = message;
    if (payload.length === 0) {
      if (this.#topics.delete(topic)) unit.delete(TABLE, topic);
      return true;
    }
    const known = this.#topics.has(topic);
    const room = known || this.#topics.size < RETAINED_LIMITS.topics;
    if (!room || payload.length > RETAINED_LIMITS.payloadBytes) {
      if (!this.#fullTold)
        this.#log.warn({ topic, topics: this.#topics.size }, "no room for a retained message");
      this.#fullTold = true;
      return false;
    }
    this.#fullTold = false;
    this.#topics.add(topic);
    unit.put(TABLE, topic, { payload: Buffer.from(payload).toString("base64"), qos });
    return true;
  }
}
