import type { Broker, Bus, Log, MqttMessage, Registry, ThingRecord } from "@tram/core";
import { discoveryTopic, hassDiscovery, PRODUCT, type ThingId } from "@tram/protocol";
import { THING_MODELS } from "@tram/protocol/models";
import { mappingOfSource } from "../topic-mapping/mapped-device.ts";
import { isOurs } from "./homie-in.ts";

/** Tells Home Assistant of every Thing, over MQTT discovery; its topics are those of Homie. */
export class HassOut implements Disposable {
  readonly #broker: Broker;
  readonly #registry: Registry;
  readonly #log: Log;
  readonly #gateway: ThingId;
  readonly #tellsItself: (id: ThingId) => boolean;
  readonly #subscriptions: Disposable[];
  #closed = false;

  constructor(parts: {
    broker: Broker;
    registry: Registry;
    bus: Bus;
    log: Log;
    root: { id: ThingId };
    /** Whether a device that speaks MQTT in its own way describes itself to Home Assistant, or may do so. */
    tellsItself: (id: ThingId) => boolean;
  }) {
    this.#tellsItself = parts.tellsItself;
    this.#broker = parts.broker;
    this.#registry = parts.registry;
    this.#log = parts.log;
    this.#gateway = parts.root.id;
    const { bus } = parts;
    this.#subscriptions = [
      bus.on("thing", (record, unit) => unit.after(() => this.#tell(record))),
      bus.on("retired", ({ id }, unit) => unit.after(() => this.#publish(discoveryTopic(id), ""))),
    ];
  }

  /** Tells nothing, and takes back what an earlier process told: a broker of others has it still. */
  takeBack(): void {
    this[Symbol.dispose]();
    for (const { thing } of this.#registry.records()) this.#publish(discoveryTopic(thing.id as ThingId), "");
  }

  /** Tells everything that the registry remembers. */
  start(): void {
    for (const record of this.#registry.records()) this.#tell(record);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #tell(record: ThingRecord): void {
    const { source, thing } = record;
    const id = thing.id as ThingId;
    const isMapped = mappingOfSource(source) !== undefined;
    if (source.startsWith("foreign:") && !isMapped && this.#tellsItself(id)) return;
    const discovery = hassDiscovery(
      thing,
      {
        name: PRODUCT.title,
        version: PRODUCT.version,
        gateway: this.#gateway,
        onMqtt: !isOurs(record),
      },
      THING_MODELS.get(thing.model ?? ""),
    );
    // An empty configuration removes the device there.
    this.#publish(discoveryTopic(id), discovery ?? "");
  }

  #publish(topic: string, payload: string): void {
    const message: MqttMessage = { topic, payload: Buffer.from(payload), qos: 1, retain: true };
    // Told anew after each start: the registry remembers, the broker need not.
    this.#broker.publish(message, { volatile: true }).catch((error: unknown) => {
      if (this.#closed) return;
      this.#log.warn({ topic, reason: String(error) }, "the broker did not take a message");
    });
  }
}
