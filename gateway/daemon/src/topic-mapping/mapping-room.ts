import type { Broker, Clock, MqttClient, MqttMessage, Store, Unit } from "@tram/core";
import type { GatewayView, MappingProposals, Ms, ThingId, UnclaimedTopicView } from "@tram/protocol";
import { isTaken } from "./mapped-things.ts";
import { isPlain } from "./plain-topic.ts";
import { propose } from "./propose.ts";
import { kindOf } from "./seen-values.ts";
import { type Heard, TopicMappings, type TopicMappingsParts } from "./topic-mappings.ts";
import { UnclaimedTopics } from "./unclaimed-topics.ts";

/** How much of a payload people are shown. In characters. */
const SHOWN = 120;
/** What was heard longer ago is no value of a Thing that is made now. */
const RECENT_MS: Ms = 600_000;

const UNREAD = {
  code: "mapping",
  where: "mqtt.mappings",
  problem: "plain topics are not read with the engine external",
};

export interface MappingRoomParts extends Omit<TopicMappingsParts, "heard"> {
  readonly clock: Pick<Clock, "monotonic" | "now">;
  /** The broker is that of others, which is not asked for plain topics. */
  readonly external: boolean;
  /** Undefined until it is open. */
  readonly broker: () => Pick<Broker, "sessions"> | undefined;
}

/** Plain topics: those that are mapped to Things, and those that nobody has yet. */
export class MappingRoom implements Disposable {
  readonly mappings: TopicMappings;
  readonly #parts: MappingRoomParts;
  readonly #unclaimed: UnclaimedTopics;

  constructor(parts: MappingRoomParts) {
    this.#parts = parts;
    this.mappings = new TopicMappings({ ...parts, heard: () => this.#heard() });
    this.#unclaimed = new UnclaimedTopics(parts.clock);
  }

  restore(store: Store): Promise<void> {
    return this.mappings.restore(store);
  }

  [Symbol.dispose](): void {
    this.mappings[Symbol.dispose]();
  }

  get problems(): GatewayView["problems"] {
    const { problems } = this.mappings;
    return this.#parts.external && this.mappings.list().length > 0 ? [...problems, UNREAD] : problems;
  }

  /** Looks at a message of which no Thing is known. */
  take({ username }: Pick<MqttClient, "username">, message: MqttMessage, unit: Unit): void {
    if (!isPlain(message.topic)) return;
    if (!this.mappings.take(message, unit)) this.#unclaimed.note(username, message);
  }

  /** Somebody has them meanwhile: what was heard before is old there. */
  #forgetClaimed(): void {
    const claimed = this.#parts.foreign.topics();
    for (const { topic } of this.#unclaimed.all()) if (claimed.has(topic)) this.#unclaimed.forget(topic);
  }

  #heard(): readonly Heard[] {
    this.#forgetClaimed();
    const since = this.#parts.clock.now() - RECENT_MS;
    return this.#unclaimed.all().flatMap(({ clipped, lastAt, payload, topic }) => {
      if (clipped || payload === undefined || lastAt < since) return [];
      return [{ topic, payload: Buffer.from(payload), at: lastAt }];
    });
  }

  /** What nobody has, and what could be made of it. */
  proposals(): MappingProposals {
    const { registry } = this.#parts;
    const subscribed = new Set<string>();
    for (const { subscriptions } of this.#parts.broker()?.sessions() ?? []) {
      for (const { filter } of subscriptions) if (isPlain(filter)) subscribed.add(filter);
    }
    this.#forgetClaimed();
    const topics = this.#unclaimed.all();
    const isFree = (id: string): boolean =>
      id !== this.#parts.gateway && !isTaken(id as ThingId, registry) && this.mappings.get(id) === undefined;
    return {
      proposals: [...propose(topics, { subscribed, isFree })],
      topics: topics.map((seen): UnclaimedTopicView => {
        const { account, count, lastAt, payload, topic } = seen;
        const shown = payload === undefined ? "" : [...payload].slice(0, SHOWN).join("");
        return {
          topic,
          account,
          payload: shown,
          kind: kindOf(seen),
          count,
          lastAt: new Date(lastAt).toISOString(),
        };
      }),
      unheard: this.#unclaimed.unheard,
    };
  }
}
