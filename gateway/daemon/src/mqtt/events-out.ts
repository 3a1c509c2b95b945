import type { Broker, Bus, Log } from "@tram/core";
import { PRODUCT, type ThingId } from "@tram/protocol";

/** Where an event of a Thing is told: Homie has no events. */
export function eventTopic(thing: ThingId, event: string): string {
  return `${PRODUCT.topicPrefix}/${thing}/events/${event}`;
}

/** Tells the events of Things over MQTT, as JSON. They are never retained: what has happened is over. */
export class EventsOut implements Disposable {
  readonly #subscription: Disposable;

  constructor(parts: { broker: Broker; bus: Bus; log: Log }) {
    const { broker, bus, log } = parts;
    this.#subscription = bus.on("event", ({ data, event, thing }, unit) => {
      const topic = eventTopic(thing, event);
      const payload = Buffer.from(JSON.stringify(data));
      unit.after(() => {
        broker.publish({ topic, payload, qos: 1, retain: false }).catch((error: unknown) => {
          log.warn({ topic, reason: String(error) }, "the broker did not take a message");
        });
      });
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
