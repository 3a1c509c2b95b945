import { matches, type TopicFilter, type TopicName } from "@tram/broker";
import type { MqttMessage, Qos } from "@tram/core";

interface Listener {
  readonly filter: TopicFilter;
  readonly qos: Qos;
  readonly hear: (message: MqttMessage) => void;
}

/** Who in the process hears what matches a filter. */
export class ProcessListeners {
  readonly #listeners = new Set<Listener>();

  /** All filters that somebody listens to. */
  get filters(): ReadonlySet<string> {
    return new Set([...this.#listeners].map(({ filter }) => filter));
  }

  /** @param known what is retained already: it is heard at once. @param hear must not throw. */
  add(
    filter: TopicFilter,
    qos: Qos,
    options: { readonly known: Iterable<MqttMessage>; readonly hear: (message: MqttMessage) => void },
  ): Disposable {
    const listener: Listener = { filter, qos, hear: options.hear };
    for (const message of options.known) tell(listener, message);
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  route(message: MqttMessage): void {
    for (const listener of this.#listeners) {
      if (matches(listener.filter, message.topic as TopicName)) tell(listener, message);
    }
  }
}

function tell({ hear, qos }: Listener, message: MqttMessage): void {
  hear(message.qos <= qos ? message : { ...message, qos });
}
