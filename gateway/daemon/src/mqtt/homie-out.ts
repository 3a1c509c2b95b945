import type { Broker, Bus, Log, MqttMessage, Registry, ThingRecord } from "@tram/core";
import {
  type CommandId,
  deviceTopic,
  encodeHomieValue,
  homieDescription,
  homieState,
  type Json,
  type PropertyAffordance,
  type PropertyKey,
  type Reading,
  setTopic,
  type Thing,
  type ThingId,
  targetTopic,
  valueTopic,
} from "@tram/protocol";
import type { DescriptionVersions } from "./homie/description-versions.ts";
import { OutwardTargets } from "./homie/outward-targets.ts";
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
  readonly #versions: DescriptionVersions;
  readonly #targets: OutwardTargets;
  readonly #subscriptions: Disposable[];
  /** What was told of each Thing: whose topics are to be cleared when it is another, or gone. */
  readonly #described = new Map<ThingId, Thing>();
  /** Things that are gone and still on the broker: the root says first that they are not its children. */
  readonly #leaving = new Map<ThingId, Thing>();
  #children: readonly ThingId[] | undefined;
  #rootQueued = false;
  #closed = false;

  constructor(parts: {
    broker: Broker;
    registry: Registry;
    bus: Bus;
    log: Log;
    root: { id: ThingId; name: string };
    versions: DescriptionVersions;
  }) {
    this.#broker = parts.broker;
    this.#registry = parts.registry;
    this.#log = parts.log;
    this.#root = parts.root;
    this.#versions = parts.versions;
    this.#targets = new OutwardTargets(parts.registry, (topic, payload) =>
      this.#publish(retained(topic, payload)),
    );
    const { bus } = parts;
    this.#subscriptions = [
      bus.on("thing", (record, unit) => unit.after(() => this.#describe(record))),
      bus.on("retired", ({ id }, unit) => unit.after(() => this.#retire(id))),
      bus.on("availability", ({ record }, unit) => unit.after(() => this.#state(record))),
      bus.on("reading", ({ reading }, unit) => unit.after(() => this.#value(reading))),
      bus.on("command", (command, unit) =>
        unit.after(() => {
          if (this.#isOurs(command.thing)) this.#targets.onCommand(command);
        }),
      ),
    ];
  }

  /** Publishes the root and everything that the registry remembers. */
  start(): void {
    this.#publishState(this.#root.id, "init");
    for (const record of this.#registry.records()) this.#describe(record);
    this.#publishRoot();
  }

  /** Says goodbye, as a device does before it disconnects in order. */
  async stop(): Promise<void> {
    if (this.#rootQueued) this.#publishRoot();
    this[Symbol.dispose]();
    await Promise.allSettled(
      [...this.#described.keys(), this.#root.id].map((id) =>
        this.#broker.publish(retained(deviceTopic(id, "state"), "disconnected"), { volatile: true }),
      ),
    );
  }

  /** How a command was written that the house has just accepted. Homie 5.0: its `$target` repeats it byte by byte. */
  writtenAs(command: CommandId, payload: string): void {
    this.#targets.writtenAs(command, payload);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  /** Homie 5.0 "Device Lifecycle": in `init` comes the description with all values, then the state that it is in. */
  #describe(record: ThingRecord): void {
    const { thing } = record;
    const id = thing.id as ThingId;
    if (!isOurs(record)) {
      this.#handOver(id);
      return;
    }
    const before = this.#described.get(id);
    if (before !== undefined && isSame(before, thing)) return; // Only what the registry thinks of it is new.
    const gone = this.#leaving.get(id);
    if (gone !== undefined) this.#clear(id, gone);
    this.#publishState(id, "init");
    if (before !== undefined) this.#clearProperties(before, thing);
    const description = homieDescription(thing, { version: this.#versions.next(), root: this.#root.id });
    this.#publish(retained(deviceTopic(id, "description"), description));
    this.#described.set(id, thing);
    for (const reading of this.#registry.readings(id)) this.#value(reading);
    this.#state(record);
    if (before === undefined) this.#queueRoot();
  }

  #state(record: ThingRecord): void {
    if (isOurs(record)) this.#publishState(record.thing.id as ThingId, homieState(record.availability));
  }

  #value(reading: Reading): void {
    const affordance = this.#registry.thing(reading.thing)?.properties[reading.property];
    if (affordance === undefined || !this.#isOurs(reading.thing)) return;
    if (reading.quality === "bad" || reading.value === null) return;
    this.#targets.onValue(reading);
    const payload = encodeHomieValue(affordance, reading.value);
    const topic = valueTopic(reading.thing, reading.property);
    // Homie 5.0 "QoS and retained messages": momentary values are not retained and go out at most once.
    this.#publish(affordance.momentary === true ? momentary(topic, payload) : retained(topic, payload));
  }

  #retire(id: ThingId): void {
    const thing = this.#described.get(id);
    if (thing === undefined) return;
    this.#described.delete(id);
    this.#leaving.set(id, thing);
    this.#queueRoot();
  }

  /** The device speaks for itself from now on, and its own messages come next: ours are gone before. */
  #handOver(id: ThingId): void {
    const thing = this.#described.get(id);
    if (thing === undefined) return;
    this.#described.delete(id);
    this.#clear(id, thing);
    this.#queueRoot();
  }

  #queueRoot(): void {
    if (this.#rootQueued) return;
    this.#rootQueued = true;
    // Many Things are announced in one go: the root lists its children once.
    setImmediate(() => {
      if (this.#rootQueued && !this.#closed) this.#publishRoot();
    });
  }

  /** Homie 5.0 "Device reconfiguration": new children are there before the root names them, old ones go after. */
  #publishRoot(): void {
    this.#rootQueued = false;
    const children = [...this.#described.keys()];
    if (children.join() !== this.#children?.join()) {
      this.#children = children;
      const thing: Thing = { id: this.#root.id, title: this.#root.name, properties: {} };
      const description = homieDescription(thing, { version: this.#versions.next(), children });
      this.#publishState(this.#root.id, "init");
      this.#publish(retained(deviceTopic(this.#root.id, "description"), description));
    }
    this.#publishState(this.#root.id, "ready");
    for (const [id, thing] of this.#leaving) this.#clear(id, thing);
  }

  /** Homie 5.0 "Device Lifecycle": a device is removed by clearing its retained topics, `$state` first. */
  #clear(id: ThingId, thing: Thing): void {
    this.#leaving.delete(id);
    this.#publishState(id, "");
    this.#publish(retained(deviceTopic(id, "description"), ""));
    this.#clearProperties(thing, undefined);
  }

  /** Clears the topics of properties that are gone, or are of another kind and have no value now. */
  #clearProperties(before: Thing, after: Thing | undefined): void {
    const id = before.id as ThingId;
    for (const [key, affordance] of Object.entries(before.properties)) {
      const property = key as PropertyKey;
      const now = after?.properties[property];
      const valid = now !== undefined && now.momentary === affordance.momentary;
      if (valid && (isSame(now, affordance) || this.#registry.read(id, property) !== undefined)) continue;
      if (affordance.momentary !== true) this.#publish(retained(valueTopic(id, property), ""));
      if (affordance.readOnly === true) continue;
      const topic = targetTopic(id, property);
      this.#targets.forget(topic);
      this.#publish(retained(topic, ""));
    }
  }

  #isOurs(id: ThingId): boolean {
    const record = this.#registry.get(id);
    return record !== undefined && isOurs(record);
  }

  #publishState(id: ThingId, state: string): void {
    this.#publish(retained(deviceTopic(id, "state"), state));
  }

  #publish(message: MqttMessage): void {
    // Published anew after each start: the registry remembers, the broker need not.
    this.#broker.publish(message, { volatile: true }).catch((error: unknown) => {
      if (this.#closed) return;
      this.#log.warn({ topic: message.topic, reason: String(error) }, "the broker did not take a message");
    });
  }
}

/** Descriptions come from one validator, which keeps the order of their members. */
function isSame(a: object, b: object): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Brings a command to a Thing that is on MQTT itself. */
export async function sendHomieCommand(
  broker: Pick<Broker, "publish">,
  thing: Thing,
  property: PropertyKey,
  value: Json,
): Promise<void> {
  const affordance = thing.properties[property];
  if (affordance === undefined) throw new Error(`${thing.id} has no property ${property}`);
  const topic = setTopic(thing.id as ThingId, property);
  await broker.publish(commandMessage(topic, encodeHomieValue(affordance, value), affordance));
}

/** Homie 5.0 "QoS and retained messages": never retained; at most once for momentary properties, lest they happen late. */
function commandMessage(
  topic: string,
  payload: string,
  { momentary: once }: PropertyAffordance,
): MqttMessage {
  return once === true ? momentary(topic, payload) : { ...momentary(topic, payload), qos: 1 };
}

function momentary(topic: string, payload: string): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 0, retain: false };
}

function retained(topic: string, payload: string): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: true };
}
