import type {
  AnnounceResult,
  Clock,
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
import type { Decoded, ForeignDevice, ForeignMessage } from "./foreign-device.ts";

/** What an account may do, without a word in the audit log: a description is no attempt. */
export interface TopicRights {
  mayPublish(account: string, topic: string): boolean;
  maySubscribe(account: string, topic: string): boolean;
}

/** @param payload undefined where it is not UTF-8. @param time when it was said, where that is not now. */
type Listener = (payload: string | undefined, unit: Unit, time?: EpochMs) => void;

interface Known {
  readonly device: ForeignDevice;
  /** Latest word of each availability topic. */
  readonly there: Map<string, boolean>;
  readonly expiries: Map<PropertyKey, Disposable>;
}

export interface ForeignDevicesParts {
  readonly clock: Pick<Clock, "after">;
  readonly registry: Registry;
  readonly transactions: Pick<Transactions, "record">;
  readonly rights: TopicRights;
  /** What the broker has retained at a topic. */
  readonly retained: (topic: string) => MqttMessage | undefined;
}

/** Who speaks for a foreign device. */
export function foreignSource(owner: string): Source {
  return `foreign:${owner}`;
}

/** Devices that speak MQTT in their own way, as Things: reads their topics into the registry, and writes to them. */
export class ForeignDevices implements Disposable {
  readonly #parts: ForeignDevicesParts;
  readonly #registry: Registry;
  readonly #rights: TopicRights;
  readonly #devices = new Map<ThingId, Known>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #topicsOf = new Map<ThingId, readonly (readonly [topic: string, listener: Listener])[]>();

  constructor(parts: ForeignDevicesParts) {
    this.#parts = parts;
    this.#registry = parts.registry;
    this.#rights = parts.rights;
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
    for (const problem of device.problems.slice(0, 1)) this.#registry.noteProblem(id, problem, unit);
    const heard = new Set(this.#topicsOf.get(id)?.map(([topic]) => topic));
    // What was heard holds, and the time runs on: a device with many entities is described once for each.
    const { expiries = new Map<PropertyKey, Disposable>(), there = new Map<string, boolean>() } =
      this.#devices.get(id) ?? {};
    this.#deafen(id);
    const known: Known = { device, there, expiries };
    this.#devices.set(id, known);
    this.#listen(known);
    // Nothing tells whether it is there: its values do, the next of them after a restart.
    if (device.availability.length === 0 && isNew) this.#registry.setAvailability(id, "ready", unit);
    this.#recall(known, heard, fresh, unit);
    return result;
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
      for (const [own, listener] of this.#topicsOf.get(id) ?? []) if (own === topic) listener(text, unit);
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
    const listeners = this.#listeners.get(message.topic);
    if (listeners === undefined) return false;
    const text = textOf(message);
    for (const listener of [...listeners]) listener(text, unit, time);
    return true;
  }

  /** Topics at which a device is heard, or spoken to. */
  topics(): ReadonlySet<string> {
    const topics = new Set(this.#listeners.keys());
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
    const write = this.#devices.get(id)?.device.properties.get(property)?.write;
    return write === undefined ? `${id} takes no ${property} at the moment` : write.encode(value);
  }

  /** Somebody may speak only where they may publish, and be spoken to only where they may listen. */
  #within(device: ForeignDevice): ForeignDevice {
    const { owner } = device;
    const problems = [...device.problems];
    const mayRead = (topic: string): boolean => {
      if (this.#rights.mayPublish(owner, topic)) return true;
      problems.push(`${topic.slice(0, 200)}: ${owner} may not publish there`);
      return false;
    };
    const properties = new Map(
      [...device.properties].flatMap(([key, binding]) => {
        const { affordance, read, write } = binding;
        const target = write?.topic;
        const readable = read !== undefined && mayRead(read.topic);
        const writable = target === undefined || this.#rights.maySubscribe(owner, target);
        if (!writable) problems.push(`${target?.slice(0, 200)}: ${owner} may not listen there`);
        if (!readable && (write === undefined || !writable)) return [];
        const kept = { affordance, ...(readable && { read }), ...(writable && write && { write }) };
        return [[key, writable ? kept : { ...kept, affordance: { ...affordance, readOnly: true } }] as const];
      }),
    );
    const availability = device.availability.filter(({ topic }) => mayRead(topic));
    return { ...device, properties, availability, problems };
  }

  #listen(known: Known): void {
    const { device } = known;
    const entries: (readonly [string, Listener])[] = [];
    for (const [property, { read }] of device.properties) {
      if (read === undefined) continue;
      entries.push([
        read.topic,
        (payload, unit, time) => {
          const decoded = payload === undefined ? NO_TEXT : read.decode(payload);
          this.#read(device, { property, decoded, time }, unit);
          this.#expireLater(known, property, read.expireAfterMs);
        },
      ]);
    }
    for (const { decode, topic } of device.availability) {
      entries.push([
        topic,
        (payload, unit) =>
          this.#hear(known, topic, payload === undefined ? undefined : decode(payload), unit),
      ]);
    }
    for (const [topic, listener] of entries) {
      const listeners = this.#listeners.get(topic) ?? new Set();
      this.#listeners.set(topic, listeners.add(listener));
    }
    this.#topicsOf.set(device.id, entries);
  }

  #deafen(id: ThingId): void {
    for (const [topic, listener] of this.#topicsOf.get(id) ?? []) {
      const listeners = this.#listeners.get(topic);
      listeners?.delete(listener);
      if (listeners?.size === 0) this.#listeners.delete(topic);
    }
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
    { id, owner }: ForeignDevice,
    { decoded, property, time }: { property: PropertyKey; decoded: Decoded; time: EpochMs | undefined },
    unit: Unit,
  ): void {
    if (decoded.ok && decoded.value === undefined) return;
    const observation: Observation = {
      thing: id,
      property,
      ...(time === undefined ? {} : { time }),
      ...(decoded.ok ? { value: decoded.value ?? null } : { value: null, problem: decoded.problem }),
    };
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

const utf8 = new TextDecoder("utf-8", { fatal: true });
const NO_TEXT: Decoded = { ok: false, problem: "expected UTF-8" };

/** @returns undefined when it is not UTF-8. */
function textOf({ payload }: Pick<MqttMessage, "payload">): string | undefined {
  try {
    return utf8.decode(payload);
  } catch {
    return undefined;
  }
}

function thingOf({ id, model, nodes, properties, title }: ForeignDevice): Thing {
  const described: Record<string, PropertyAffordance> = {};
  for (const [key, { affordance }] of properties) described[key] = affordance;
  return { id, title, ...(model === undefined ? {} : { model }), nodes: { ...nodes }, properties: described };
}
