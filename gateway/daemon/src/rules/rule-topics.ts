import type { Broker, MqttMessage, Unit } from "@tram/core";
import { matchesFilter } from "@tram/rules";
import { textOf } from "../foreign/topic-listeners.ts";

/** Largest payload that rules see. In bytes. */
const PAYLOAD_LIMIT = 65_536;

type Take = (message: { readonly topic: string; readonly payload: string }, unit: Unit) => void;

/**
 * The MQTT topics that rules listen to. Every message of the house passes here: one that nobody listens to costs a
 * look-up, and a comparison of the beginning for each filter with wildcards.
 */
export class RuleTopics {
  readonly #take: Take;
  #exact: ReadonlySet<string> = new Set();
  #filters: readonly { readonly filter: string; readonly prefix: string }[] = [];
  #external: Pick<Broker, "subscribe"> | undefined;
  readonly #subscriptions = new Map<string, Disposable>();

  /** @param take is told of a message, in its unit: what rules decide on it is kept before it is acknowledged. */
  constructor(take: Take) {
    this.#take = take;
  }

  /** @param filters what rules listen to from now on. */
  listen(filters: Iterable<string>): void {
    const all = new Set(filters);
    const wild = [...all].filter((filter) => /[+#]/.test(filter));
    this.#exact = new Set([...all].filter((filter) => !/[+#]/.test(filter)));
    this.#filters = wild.map((filter) => ({
      filter,
      prefix: filter.slice(0, filter.search(/[+#]/)).replace(/\/$/, ""),
    }));
    if (this.#external !== undefined) this.#subscribe(this.#external, all);
  }

  /** The broker is that of others: it sends only what it is asked for. */
  attach(external: Pick<Broker, "subscribe">): void {
    this.#external = external;
    this.#subscribe(external, new Set([...this.#exact, ...this.#filters.map(({ filter }) => filter)]));
  }

  /** A client published a message. */
  take(message: MqttMessage, unit: Unit): void {
    const { payload, retain, topic } = message;
    if (!this.#hears(topic) || payload.length > PAYLOAD_LIMIT) return;
    // A broker of others tells what it has retained each time the link is made: that is no news.
    if (retain && this.#external !== undefined) return;
    const text = textOf(message);
    if (text !== undefined) this.#take({ topic, payload: text }, unit);
  }

  #hears(topic: string): boolean {
    if (this.#exact.has(topic)) return true;
    for (const { filter, prefix } of this.#filters) {
      // `a/#` is met by `a`, too (MQTT 5.0 §4.7.1.2).
      if (topic.startsWith(prefix) && matchesFilter(filter, topic)) return true;
    }
    return false;
  }

  #subscribe(external: Pick<Broker, "subscribe">, wanted: ReadonlySet<string>): void {
    for (const [filter, subscription] of this.#subscriptions) {
      if (wanted.has(filter)) continue;
      subscription[Symbol.dispose]();
      this.#subscriptions.delete(filter);
    }
    for (const filter of wanted) {
      if (this.#subscriptions.has(filter) || filter.startsWith("$")) continue;
      // What comes is taken as every message of a client is: here it is only asked for.
      this.#subscriptions.set(
        filter,
        external.subscribe(filter, { qos: 1 }, () => undefined),
      );
    }
  }
}
