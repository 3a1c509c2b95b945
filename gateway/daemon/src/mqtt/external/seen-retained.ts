import { matches, type TopicFilter, type TopicName } from "@tram/broker";
import type { MqttMessage } from "@tram/core";

const MOST_TOPICS = 10_000;

/**
 * Retained messages that the broker has shown, for listeners that come later. With MQTT 3.1.1 only what was retained
 * before the connection is known as such; its later values are taken along.
 */
export class SeenRetained {
  readonly #messages = new Map<string, MqttMessage>();

  take(message: MqttMessage): void {
    const { payload, retain, topic } = message;
    const known = this.#messages.has(topic);
    if (!retain && !known) return;
    if (payload.length === 0) this.#messages.delete(topic);
    else if (known || this.#messages.size < MOST_TOPICS)
      this.#messages.set(topic, { ...message, retain: true });
  }

  *matching(filter: TopicFilter): Generator<MqttMessage> {
    for (const [topic, message] of this.#messages) {
      if (matches(filter, topic as TopicName)) yield message;
    }
  }

  /** A new connection shows them again. */
  clear(): void {
    this.#messages.clear();
  }
}
