import type { TopicName } from "../topics/index.ts";

/** The aliases that a client gives to topics, for one connection: 5.0 §3.3.2.3.4. */
export class InboundAliases {
  readonly #topics = new Map<number, TopicName>();
  readonly #most: number;

  /** @param most the Topic Alias Maximum of the CONNACK. */
  constructor(most: number) {
    this.#most = most;
  }

  /** [MQTT-3.3.2-9] */
  allows(alias: number): boolean {
    return alias > 0 && alias <= this.#most;
  }

  set(alias: number, topic: TopicName): void {
    this.#topics.set(alias, topic);
  }

  get(alias: number): TopicName | undefined {
    return this.#topics.get(alias);
  }
}

/** The aliases that the broker gives: the first topics of a connection get them, for those that last come early. */
export class OutboundAliases {
  readonly #aliases = new Map<TopicName, number>();
  readonly #most: number;

  /** @param most of the client's CONNECT; [MQTT-3.1.2-26], [MQTT-3.1.2-27]. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The alias of a topic, and whether the client knows it; undefined when all are given. */
  of(topic: TopicName): { readonly alias: number; readonly known: boolean } | undefined {
    const alias = this.#aliases.get(topic);
    if (alias !== undefined) return { alias, known: true };
    return this.#aliases.size < this.#most ? { alias: this.#aliases.size + 1, known: false } : undefined;
  }

  /** The packet with the topic and its alias was written. */
  told(topic: TopicName, alias: number): void {
    this.#aliases.set(topic, alias);
  }
}
