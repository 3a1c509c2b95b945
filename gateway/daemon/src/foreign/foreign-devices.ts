import type {
  AnnounceResult,
  Clock,
  Log,
  MqttMessage,
  Observation,
  Registry,
  Source,
  Transactions,
  Unit,
} from "@tram/core";
import type {
  Availability,
  EpochMs,
  Json,
  Ms,
  PropertyAffordance,
  PropertyKey,
  Thing,
  ThingId,
} from "@tram/protocol";
import { Faults } from "./faults.ts";
import type {
  Decoded,
  ForeignAnswer,
  ForeignDevice,
  ForeignMessage,
  ForeignReply,
} from "./foreign-device.ts";
import { readingOne } from "./message-work.ts";
import { modelOf } from "./model-of.ts";
import { type Listener, TopicListeners, textOf } from "./topic-listeners.ts";

/** What an account may do, without a word in the audit log: a description is no attempt. */
export interface TopicRights {
  mayPublish(account: string, topic: string): boolean;
  maySubscribe(account: string, topic: string): boolean;
}

/** How long a device may take to answer a message. In milliseconds. */
const ANSWER_MS: Ms = 3_000;

interface Known {
  readonly device: ForeignDevice;
  /** Latest word of each availability topic. */
  readonly there: Map<string, boolean>;
  readonly expiries: Map<PropertyKey, Disposable>;
  /** What it was told last. */
  readonly wanted: Map<PropertyKey, Json>;
}

export interface ForeignDevicesParts {
  readonly clock: Pick<Clock, "after" | "monotonic" | "sleep">;
  readonly log: Log;
  readonly registry: Registry;
  readonly transactions: Pick<Transactions, "record">;
  readonly rights: TopicRights;
  /** What the broker has retained at a topic. */
  readonly retained: (topic: string) => MqttMessage | undefined;
  /** Publishes a message of the gateway. */
  readonly publish: (message: ForeignMessage) => void;
}

/** Who speaks for a foreign device. */
export function foreignSource(owner: string): Source {
  return `foreign:${owner}`;
}

/** Devices that speak MQTT in their own way, as Things: reads their topics into the registry, and writes to them. */
export class ForeignDevices implements Disposable {
  readonly faults: Faults;
  readonly #parts: ForeignDevicesParts;
  readonly #registry: Registry;
  readonly #rights: TopicRights;
  readonly #devices = new Map<ThingId, Known>();
  readonly #listeners: TopicListeners;
  readonly #topicsOf = new Map<ThingId, readonly (readonly [topic: string, listener: Listener])[]>();

  constructor(parts: ForeignDevicesParts) {
    this.#parts = parts;
    this.#registry = parts.registry;
    this.#rights = parts.rights;
    this.faults = new Faults(parts);
    this.#listeners = new TopicListeners(this.faults);
  }

  /**
   * Takes a device over, or its new description. Topics that are not its owner's are left out, and told.
   * @param fresh it was described just now: what is retained at its topics is news. Else the registry knows it, and when.
   */
  set(described: ForeignDevice, unit: Unit, { fresh = true } = {}): AnnounceResult {
    const device = described.trusted === true ? described : this.#within(described);
    const source = foreignSource(device.owner);
    const { id } = device;
    const isNew = fresh || this.#registry.speaker(id) === undefined;
    const result = this.#registry.announce(thingOf(device), source, unit);
    if (!result.ok) return result;
    for (const problem of device.problems.slice(0, 1)) {
      this.#registry.noteProblem(id, problem.slice(0, 256), unit);
    }
    const heard = new Set(this.#topicsOf.get(id)?.map(([topic]) => topic));
    // What was heard holds, and the time runs on: a device with many entities is described once for each.
    const { there = new Map(), expiries = new Map(), wanted = new Map() } = this.#devices.get(id) ?? {};
    this.#deafen(id);
    const known: Known = { device, there, expiries, wanted };
    this.#devices.set(id, known);
    const deaf = this.#listen(known);
    if (deaf !== undefined)
      this.#registry.noteProblem(id, `${deaf.slice(0, 200)}: too much is read there`, unit);
    // Nothing tells whether it is there: its values do, the next of them after a restart.
    if (device.availability.length === 0 && isNew) this.#registry.setAvailability(id, "ready", unit);
    this.#recall(known, heard, fresh, unit);
    if (fresh) this.#ask(device, unit);
    return result;
  }

  isKnown(id: ThingId): boolean {
    return this.#devices.has(id);
  }

  /** Whether it describes itself to Home Assistant; undefined when it is not known here. */
  tellsHass(id: ThingId): boolean | undefined {
    const known = this.#devices.get(id);
    return known && known.device.tellsHass === true;
  }

  #ask({ ask = [], owner }: ForeignDevice, unit: Unit): void {
    const messages = ask.filter(({ topic }) => this.#rights.maySubscribe(owner, topic));
    if (messages.length > 0) unit.after(() => messages.forEach(this.#parts.publish));
  }

  /** What was said at its topics before it was known. */
  #recall({ device }: Known, heard: ReadonlySet<string>, fresh: boolean, unit: Unit): void {
    const { availability, id } = device;
    const words = availability.map(({ topic }) => topic);
    const topics = fresh ? [...words, ...(this.#topicsOf.get(id) ?? []).map(([topic]) => topic)] : words;
    for (const topic of new Set(topics)) {
      const message = heard.has(topic) ? undefined : this.#parts.retained(topic);
      if (message === undefined) continue;
      const text = textOf(message);
      for (const [own, listener] of this.#topicsOf.get(id) ?? []) {
        if (own === topic) this.faults.contain({ topic, thing: id }, unit, () => listener(text, unit, true));
      }
    }
  }

  /** Hears what its topics have retained about whether it is there, for which nobody could be asked before. */
  recall(id: ThingId, unit: Unit): void {
    const known = this.#devices.get(id);
    if (known !== undefined) this.#recall(known, new Set(), false, unit);
  }

  /** The device is gone for good. */
  remove(id: ThingId, unit: Unit): void {
    const known = this.#devices.get(id);
    if (known === undefined) return;
    this.#deafen(id);
    for (const expiry of known.expiries.values()) expiry[Symbol.dispose]();
    this.#devices.delete(id);
    this.#registry.retire(id, foreignSource(known.device.owner), unit);
  }

  /**
   * Reads a message, whoever of them it is about.
   * @param time when it was said, where that is not now.
   * @returns false when it is about none.
   */
  take(message: Pick<MqttMessage, "payload" | "topic">, unit: Unit, time?: EpochMs): boolean {
    return readingOne(() => this.#listeners.take(message, unit, time));
  }

  /** Topics at which a device is heard, or spoken to. */
  topics(): ReadonlySet<string> {
    const topics = new Set(this.#listeners.topics());
    for (const { device } of this.#devices.values()) {
      for (const { write } of device.properties.values()) if (write !== undefined) topics.add(write.topic);
    }
    return topics;
  }

  [Symbol.dispose](): void {
    for (const { expiries } of this.#devices.values()) {
      for (const expiry of expiries.values()) expiry[Symbol.dispose]();
    }
  }

  /** The message that sets a property. @returns a sentence where there is none. */
  command(id: ThingId, property: PropertyKey, value: Json): ForeignMessage | string {
    const known = this.#devices.get(id);
    const write = known?.device.properties.get(property)?.write;
    if (known === undefined || write === undefined) return `${id} takes no ${property} at the moment`;
    const message = write.encode(value);
    if (typeof message === "string") return message;
    if (write.isSame !== undefined) known.wanted.set(property, value);
    if (message.reply === undefined || this.#rights.mayPublish(known.device.owner, message.reply.topic)) {
      return message;
    }
    const { reply: _, ...plain } = message;
    return plain;
  }

  /**
   * Waits for the answer to a message that is about to be published.
   * @returns undefined when there is none in time, which says nothing: its state tells.
   */
  async answerTo(reply: ForeignReply, signal: AbortSignal): Promise<ForeignAnswer | undefined> {
    const done = new AbortController();
    let answer: ForeignAnswer | undefined;
    const listener: Listener = (payload) => {
      answer = payload === undefined ? undefined : reply.decode(payload);
      if (answer !== undefined) done.abort();
    };
    this.#listeners.add(reply.topic, listener);
    await this.#parts.clock
      .sleep(ANSWER_MS, AbortSignal.any([signal, done.signal]))
      .catch(() => undefined) // Answered, or nobody waits any more: both end it.
      .finally(() => this.#listeners.delete(reply.topic, listener));
    return answer;
  }

  /** Somebody may speak only where they may publish, and be spoken to only where they may listen. */
  #within(device: ForeignDevice): ForeignDevice {
    const { owner } = device;
    const problems = [...device.problems];
    const rights = new Map<string, boolean>();
    const mayRead = (topic: string): boolean => {
      const known = rights.get(topic);
      if (known !== undefined) return known;
      const may = this.#rights.mayPublish(owner, topic);
      rights.set(topic, may);
      if (!may) problems.push(`${topic.slice(0, 200)}: ${owner} may not publish there`);
      return may;
    };
    const properties = new Map(
      [...device.properties].flatMap(([key, binding]) => {
        const { affordance, write } = binding;
        const reads = binding.reads.filter(({ topic }) => mayRead(topic));
        const target = write?.topic;
        const writable = target === undefined || this.#rights.maySubscribe(owner, target);
        if (!writable) problems.push(`${target?.slice(0, 200)}: ${owner} may not listen there`);
        if (reads.length === 0 && (write === undefined || !writable)) return [];
        const kept = { affordance, reads, ...(writable && write && { write }) };
        return [[key, writable ? kept : { ...kept, affordance: { ...affordance, readOnly: true } }] as const];
      }),
    );
    const availability = device.availability.filter(({ topic }) => mayRead(topic));
    return { ...device, properties, availability, problems };
  }

  /** @returns a topic that tells of so much that no more can be read there. */
  #listen(known: Known): string | undefined {
    const { device } = known;
    const entries: (readonly [string, Listener])[] = [];
    for (const [property, { affordance, reads }] of device.properties) {
      for (const { decode, expireAfterMs, topic } of reads) {
        const listener: Listener = (payload, unit, told, time) => {
          // A button that was pressed once is not pressed now.
          if (told && affordance.momentary === true) return;
          const decoded = payload === undefined ? NO_TEXT : decode(payload);
          this.#read(known, { property, decoded, time }, unit);
          this.#expireLater(known, property, expireAfterMs);
        };
        entries.push([topic, listener]);
      }
    }
    for (const { decode, topic } of device.availability) {
      entries.push([
        topic,
        (payload, unit) =>
          this.#hear(known, topic, payload === undefined ? undefined : decode(payload), unit),
      ]);
    }
    const heard = entries.filter(([topic, listener]) => this.#listeners.add(topic, listener, device.id));
    this.#topicsOf.set(device.id, heard);
    return entries.find((entry) => !heard.includes(entry))?.[0];
  }

  #deafen(id: ThingId): void {
    for (const [topic, listener] of this.#topicsOf.get(id) ?? []) this.#listeners.delete(topic, listener);
    this.#topicsOf.delete(id);
  }

  /** Not heard for that long, its value does not count any more. */
  #expireLater({ device, expiries }: Known, property: PropertyKey, afterMs: Ms | undefined): void {
    if (afterMs === undefined) return;
    expiries.get(property)?.[Symbol.dispose]();
    const expire = (): void => {
      void this.#parts.transactions.record((unit) => this.#registry.expire(device.id, property, unit));
    };
    expiries.set(property, this.#parts.clock.after(afterMs, expire));
  }

  #read(
    { device, wanted }: Known,
    { decoded, property, time }: { property: PropertyKey; decoded: Decoded; time: EpochMs | undefined },
    unit: Unit,
  ): void {
    if (decoded.ok && decoded.value === undefined) return;
    const { id, owner, properties } = device;
    let value = decoded.ok ? (decoded.value ?? null) : null;
    const order = wanted.get(property);
    if (order !== undefined && properties.get(property)?.write?.isSame?.(order, value) === true)
      value = order;
    const problem = decoded.ok ? {} : { problem: decoded.problem };
    const at = time === undefined ? {} : { time };
    const observation: Observation = { thing: id, property, value, ...at, ...problem };
    this.#registry.report([observation], { source: foreignSource(owner), origin: "device" }, unit);
  }

  #hear(known: Known, topic: string, there: boolean | undefined, unit: Unit): void {
    if (there === undefined) return;
    known.there.set(topic, there);
    const { availability, availabilityMode, id } = known.device;
    const heard = availability.map((each) => known.there.get(each.topic));
    const ready =
      availabilityMode === "latest"
        ? there
        : availabilityMode === "any"
          ? heard.includes(true)
          : heard.every((each) => each === true);
    const state: Availability = ready
      ? "ready"
      : heard.includes(undefined) && !heard.includes(false)
        ? "init"
        : "lost";
    this.#registry.setAvailability(id, state, unit);
  }
}

const NO_TEXT: Decoded = { ok: false, problem: "expected UTF-8" };

function thingOf(device: ForeignDevice): Thing {
  const { id, nodes, properties, title } = device;
  const described: Record<string, PropertyAffordance> = {};
  for (const [key, { affordance }] of properties) described[key] = affordance;
  const model = device.model ?? modelOf(described);
  return { id, title, ...(model === undefined ? {} : { model }), nodes: { ...nodes }, properties: described };
}
