import type { Broker, Bus, Log, MqttMessage, Registry, ThingRecord } from "@tram/core";
import {
  deviceTopic,
  encodeHomieValue,
  homieDescription,
  homieState,
  type Json,
  type PropertyKey,
  type Reading,
  setTopic,
  type Thing,
  type ThingId,
  targetTopic,
  valueTopic,
} from "@tram/protocol";
import { isOurs } from "./homie-in.ts";

/**
 * Homie 5 outward: the gateway is the root device, and each Thing of a module, or that speaks MQTT in its own way, is its
 * child, with retained values. Things that are on Homie themselves are never published a second time.
 */
export class HomieOut implements Disposable {
  readonly #broker: Broker;
  readonly #registry: Registry;
  readonly #log: Log;
  readonly #root: { readonly id: ThingId; readonly name: string };
  readonly #subscriptions: Disposable[];
  /** What is described on Homie by us. */
  readonly #spoken = new Set<ThingId>();
  #rootQueued = false;
  #closed = false;

  constructor(parts: {
    broker: Broker;
    registry: Registry;
    bus: Bus;
    log: Log;
    root: { id: ThingId; name: string };
  }) {
    this.#broker = parts.broker;
    this.#registry = parts.registry;
    this.#log = parts.log;
    this.#root = parts.root;
    const { bus } = parts;
    this.#subscriptions = [
      bus.on("thing", (record, unit) => unit.after(() => this.#describe(record))),
      bus.on("retired", ({ id }, unit) => unit.after(() => this.#retire(id))),
      bus.on("availability", ({ record }, unit) => unit.after(() => this.#state(record))),
      bus.on("reading", ({ reading }, unit) => unit.after(() => this.#value(reading))),
      bus.on("command", (command, unit) => {
        if (command.state !== "accepted" || !("property" in command.target)) return;
        const { property } = command.target;
        unit.after(() => this.#target(command.thing, property, command.value));
      }),
    ];
  }

  /** Publishes the root and everything that the registry remembers. */
  start(): void {
    this.#publishRoot("ready");
    for (const record of this.#registry.records()) {
      this.#describe(record);
      for (const reading of this.#registry.readings(record.thing.id as ThingId)) this.#value(reading);
    }
  }

  /** Says goodbye, as a device does before it disconnects in order. */
  async stop(): Promise<void> {
    this[Symbol.dispose]();
    const things = [...this.#registry.records()].filter(isOurs).map(({ thing }) => thing.id as ThingId);
    await Promise.allSettled(
      [...things, this.#root.id].map((id) =>
        this.#broker.publish(retained(deviceTopic(id, "state"), "disconnected"), { volatile: true }),
      ),
    );
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #describe(record: ThingRecord): void {
    const id = record.thing.id as ThingId;
    if (!isOurs(record)) {
      this.#retire(id);
      return;
    }
    this.#spoken.add(id);
    this.#publish(
      retained(deviceTopic(id, "description"), homieDescription(record.thing, { root: this.#root.id })),
    );
    this.#state(record);
    this.#queueRoot();
  }

  #state(record: ThingRecord): void {
    if (!isOurs(record)) return;
    this.#publish(
      retained(deviceTopic(record.thing.id as ThingId, "state"), homieState(record.availability)),
    );
  }

  #value(reading: Reading): void {
    const record = this.#registry.get(reading.thing);
    const affordance = record?.thing.properties[reading.property];
    if (record === undefined || affordance === undefined || !isOurs(record)) return;
    if (reading.quality === "bad" || reading.value === null) return;
    const payload = encodeHomieValue(affordance, reading.value);
    const topic = valueTopic(reading.thing, reading.property);
    // Homie 5.0: values of properties that are not retained go out with the retain flag off.
    this.#publish(affordance.momentary === true ? plain(topic, payload) : retained(topic, payload));
  }

  #target(thing: ThingId, property: PropertyKey, value: Json): void {
    const record = this.#registry.get(thing);
    const affordance = record?.thing.properties[property];
    if (record === undefined || affordance === undefined || !isOurs(record)) return;
    this.#publish(retained(targetTopic(thing, property), encodeHomieValue(affordance, value)));
  }

  #retire(id: ThingId): void {
    if (!this.#spoken.delete(id)) return;
    // Homie 5.0: a device is removed by clearing its retained topics, `$state` first.
    this.#publish(retained(deviceTopic(id, "state"), ""));
    this.#publish(retained(deviceTopic(id, "description"), ""));
    this.#queueRoot();
  }

  #queueRoot(): void {
    if (this.#rootQueued) return;
    this.#rootQueued = true;
    // Many Things are announced in one go: the root lists its children once.
    setImmediate(() => {
      this.#rootQueued = false;
      if (!this.#closed) this.#publishRoot("ready");
    });
  }

  #publishRoot(state: "ready"): void {
    const children = [...this.#registry.records()].filter(isOurs).map((record) => record.thing.id as ThingId);
    const thing: Thing = { id: this.#root.id, title: this.#root.name, properties: {} };
    this.#publish(retained(deviceTopic(this.#root.id, "description"), homieDescription(thing, { children })));
    this.#publish(retained(deviceTopic(this.#root.id, "state"), state));
  }

  #publish(message: MqttMessage): void {
    // Published anew after each start: the registry remembers, the broker need not.
    this.#broker.publish(message, { volatile: true }).catch((error: unknown) => {
      if (this.#closed) return;
      this.#log.warn({ topic: message.topic, reason: String(error) }, "the broker did not take a message");
    });
  }
}

/** Brings a command to a Thing that is on MQTT itself. */
export async function sendHomieCommand(
  broker: Broker,
  thing: Thing,
  property: PropertyKey,
  value: Json,
): Promise<void> {
  const affordance = thing.properties[property];
  if (affordance === undefined) throw new Error(`${thing.id} has no property ${property}`);
  const message = plain(setTopic(thing.id as ThingId, property), encodeHomieValue(affordance, value));
  // Homie 5.0 "QoS and retained messages": at most once for momentary properties, lest they happen late or twice.
  await broker.publish({ ...message, qos: affordance.momentary === true ? 0 : 1 });
}

function retained(topic: string, payload: string): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: true };
}

function plain(topic: string, payload: string): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: false };
}
