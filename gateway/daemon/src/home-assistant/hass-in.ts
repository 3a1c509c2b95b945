import type { Log, MqttClient, MqttMessage, Registry, Store, Unit } from "@tram/core";
import { isJsonObject, type ThingId } from "@tram/protocol";
import type { DeviceNames } from "../foreign/device-names.ts";
import { type ForeignDevices, foreignSource } from "../foreign/foreign-devices.ts";
import { deviceIn, identityOf, titleOf } from "./device-in.ts";
import {
  DISCOVERY_LIMIT_BYTES,
  type DiscoveryMessage,
  type DiscoveryPlace,
  discoveryPlace,
  readDiscovery,
} from "./discovery-config.ts";

/** Who told of which Thing at which discovery topic: the broker remembers what was said, and not by whom. */
const TABLE = "hass-discovery";

interface Told {
  readonly owner: string;
  readonly identity: string;
  readonly message: DiscoveryMessage;
}

/** Devices that speak for themselves in their own dialect. */
export interface OwnTongues {
  /** @param name an identifier of the device. */
  speaksForItself(owner: string, name: string): boolean;
}

/** Discovery messages that an account may leave. */
const TOPICS_PER_OWNER = 4_096;
/** Refused topics that are remembered, so that each is told once. */
const REFUSED = 1_024;

/**
 * Home Assistant's MQTT discovery inward: a device that describes itself for Home Assistant (Tasmota, ESPHome,
 * Zigbee2MQTT, OpenMQTTGateway) becomes a Thing. One Thing for each device of an account; what one account describes
 * never changes the device of another.
 */
export class HassIn {
  readonly #registry: Registry;
  readonly #foreign: ForeignDevices;
  readonly #names: DeviceNames;
  readonly #log: Log;
  /** How discovery topics begin; every message of the house is asked for it. */
  readonly #begin: string;
  readonly #told = new Map<string, Told>();
  /** Thing by account and identity. */
  readonly #things = new Map<string, ThingId>();
  /** What an earlier process knew. */
  readonly #left = new Map<string, { readonly owner: string; readonly thing: ThingId }>();
  /** The problem that was told last, by account and topic. */
  readonly #refused = new Map<string, string>();

  readonly #own: OwnTongues | undefined;

  constructor(parts: {
    registry: Registry;
    foreign: ForeignDevices;
    names: DeviceNames;
    log: Log;
    prefix: string;
    own?: OwnTongues;
  }) {
    this.#own = parts.own;
    this.#registry = parts.registry;
    this.#foreign = parts.foreign;
    this.#names = parts.names;
    this.#log = parts.log;
    this.#begin = `${parts.prefix}/`;
  }

  /** Loads who told what. */
  async restore(store: Store): Promise<void> {
    for (const [topic, row] of await store.entries(TABLE)) {
      const { owner, thing } = isJsonObject(row) ? row : {};
      if (typeof owner === "string" && typeof thing === "string") {
        this.#left.set(topic, { owner, thing: thing as ThingId });
      }
    }
  }

  /** What an earlier process knew does not count any more. */
  forgetAll(unit: Unit): void {
    for (const [topic, { owner, thing }] of [...this.#left]) {
      this.#left.delete(topic);
      unit.delete(TABLE, topic);
      // One that speaks for itself may have its id.
      if (!this.#foreign.isKnown(thing)) this.#registry.retire(thing, foreignSource(owner), unit);
    }
  }

  /** A message that the broker still has from an earlier process. */
  recall(message: MqttMessage, unit: Unit): void {
    const left = this.#left.get(message.topic);
    if (left !== undefined) this.take({ username: left.owner }, message, unit, { fresh: false });
  }

  /** Reads a discovery message; others are none of its business. */
  take(
    { username }: Pick<MqttClient, "username">,
    { payload, topic }: MqttMessage,
    unit: Unit,
    { fresh = true } = {},
  ): void {
    const place = discoveryPlace(topic, this.#begin);
    if (place === undefined) return;
    if (payload.length === 0) this.#forget(topic, username, unit);
    else if (payload.length > DISCOVERY_LIMIT_BYTES) {
      this.#refuse(
        username,
        topic,
        `expected at most ${DISCOVERY_LIMIT_BYTES} bytes, found ${payload.length}`,
      );
    } else this.#learn(place, { topic, owner: username, payload, fresh }, unit);
  }

  /** A device of an account began to speak for itself, or ceased to: one device is one Thing. */
  reconsider(owner: string, unit: Unit): void {
    const identities = new Set<string>();
    for (const told of this.#told.values()) if (told.owner === owner) identities.add(told.identity);
    for (const identity of identities) {
      const isThere = this.#things.has(`${owner}\n${identity}`);
      if (isThere === this.#isItsOwn(owner, identity)) this.#build({ owner, identity }, unit);
    }
  }

  #isItsOwn(owner: string, identity: string): boolean {
    return this.#own?.speaksForItself(owner, identity) === true;
  }

  #learn(
    place: DiscoveryPlace,
    { fresh, owner, payload, topic }: { topic: string; owner: string; payload: Uint8Array; fresh: boolean },
    unit: Unit,
  ): void {
    const read = readDiscovery(place, Buffer.from(payload).toString("utf8"));
    if (!read.ok) {
      this.#refuse(owner, topic, read.problem);
      return;
    }
    const before = this.#told.get(topic);
    if (before !== undefined && before.owner !== owner) {
      this.#refuse(owner, topic, `it is ${before.owner}'s`);
      return;
    }
    const identity = identityOf(read.message) ?? topic;
    if (before === undefined && !this.#left.has(topic) && this.#countOf(owner) >= TOPICS_PER_OWNER) {
      this.#refuse(owner, topic, `more than ${TOPICS_PER_OWNER} discovery messages`);
      return;
    }
    this.#told.set(topic, { owner, identity, message: read.message });
    if (before !== undefined && before.identity !== identity) this.#build(before, unit);
    const id = this.#build({ owner, identity }, unit, { topic, fresh });
    if (id !== undefined && this.#left.get(topic)?.thing !== id) {
      this.#left.set(topic, { owner, thing: id });
      unit.put(TABLE, topic, { owner, thing: id });
    }
  }

  #forget(topic: string, owner: string, unit: Unit): void {
    const told = this.#told.get(topic);
    const left = this.#left.get(topic);
    if ((told ?? left)?.owner !== owner) return;
    this.#told.delete(topic);
    this.#left.delete(topic);
    unit.delete(TABLE, topic);
    if (told !== undefined) this.#build(told, unit);
    else if (left !== undefined) this.#retire(left, unit);
  }

  /** What an earlier process knew, and nobody has told of in this one: not every description is retained. */
  #retire({ owner, thing }: { readonly owner: string; readonly thing: ThingId }, unit: Unit): void {
    for (const other of this.#left.values()) if (other.thing === thing) return;
    this.#registry.retire(thing, foreignSource(owner), unit);
  }

  /** @returns the Thing; undefined when there is none any more, or it was refused. */
  #build(
    { identity, owner }: Pick<Told, "identity" | "owner">,
    unit: Unit,
    { fresh = true, topic }: { readonly topic?: string; readonly fresh?: boolean } = {},
  ): ThingId | undefined {
    const key = `${owner}\n${identity}`;
    const messages = [...this.#told.values()]
      .filter((told) => told.owner === owner && told.identity === identity)
      .map(({ message }) => message);
    const known = this.#things.get(key);
    const isItsOwn = this.#isItsOwn(owner, identity);
    if (isItsOwn) this.#letGo(owner, identity, unit);
    if (messages.length === 0 || isItsOwn) {
      if (known !== undefined) this.#foreign.remove(known, unit);
      this.#things.delete(key);
      return undefined;
    }
    const title = titleOf(messages, identity);
    const id = known ?? this.#placeFor(owner, title, identity, topic);
    const device = deviceIn(messages, { id, owner, title });
    const result = this.#foreign.set(device, unit, { fresh });
    if (result.ok) {
      this.#things.set(key, id);
      return id;
    }
    this.#refuse(owner, topic ?? identity, `${result.path}: ${result.problem}`);
    return undefined;
  }

  /** Its Thing is another's from now on: what was kept of it must not end that one. */
  #letGo(owner: string, identity: string, unit: Unit): void {
    for (const [topic, told] of this.#told) {
      if (told.owner === owner && told.identity === identity && this.#left.delete(topic))
        unit.delete(TABLE, topic);
    }
  }

  /** The id that it had before; else one of its name. */
  #placeFor(owner: string, title: string, identity: string, topic: string | undefined): ThingId {
    const left = topic === undefined ? undefined : this.#left.get(topic);
    if (left?.owner === owner && this.#names.mayKeep(left.thing, owner)) return left.thing;
    return this.#names.placeFor({ owner, identity, title });
  }

  #countOf(owner: string): number {
    let count = 0;
    for (const told of this.#told.values()) if (told.owner === owner) count++;
    for (const [topic, left] of this.#left) if (left.owner === owner && !this.#told.has(topic)) count++;
    return count;
  }

  /** Told once: a device that repeats itself says nothing new. */
  #refuse(username: string, topic: string, problem: string): void {
    const key = `${username}\n${topic}`;
    if (this.#refused.get(key) === problem) return;
    this.#refused.delete(key);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size >= REFUSED && oldest !== undefined) this.#refused.delete(oldest);
    this.#refused.set(key, problem);
    this.#log.warn({ username, topic: topic.slice(0, 200), problem }, "a discovery message was refused");
  }
}
