import { createHash } from "node:crypto";
import type { Clock, Log, MqttClient, MqttMessage, Registry, Store, Transactions, Unit } from "@tram/core";
import { isJsonObject, type Ms, type ThingId } from "@tram/protocol";
import type { DeviceNames } from "../foreign/device-names.ts";
import { type ForeignDevices, foreignSource } from "../foreign/foreign-devices.ts";
import { OwnerRates } from "../foreign/owner-rates.ts";
import { Refusals } from "../foreign/refusals.ts";
import { deviceIn, identityOf, titleOf } from "./device-in.ts";
import {
  DISCOVERY_LIMIT_BYTES,
  type DiscoveryPlace,
  discoveryPlace,
  readDiscovery,
  TEXT_LIMIT,
} from "./discovery-config.ts";
import { type Described, deviceKey, ToldMessages } from "./told-messages.ts";

/** Who told of which Thing at which discovery topic: the broker remembers what was said, and not by whom. */
const TABLE = "hass-discovery";
/** Making a device of so many entities counts as one description. */
const ENTITIES_AT_ONCE = 32;
const LATER_MS: Ms = 1_000;

/** Devices that speak for themselves in their own dialect. */
export interface OwnTongues {
  /** @param name an identifier of the device. */
  speaksForItself(owner: string, name: string): boolean;
}

export interface HassInParts {
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly registry: Registry;
  readonly transactions: Pick<Transactions, "record">;
  readonly foreign: ForeignDevices;
  readonly names: DeviceNames;
  readonly log: Log;
  readonly prefix: string;
  readonly own?: OwnTongues;
}

/**
 * Home Assistant's MQTT discovery inward: a device that describes itself for Home Assistant (Tasmota, ESPHome,
 * Zigbee2MQTT, OpenMQTTGateway) becomes a Thing. One Thing for each device of an account; what one account describes
 * never changes the device of another. A device is made once of all that is told of it at once, and how often is bounded
 * for each account: what comes too fast counts a little later.
 */
export class HassIn implements Disposable {
  readonly #parts: HassInParts;
  /** How discovery topics begin; every message of the house is asked for it. */
  readonly #begin: string;
  readonly #rates: OwnerRates;
  readonly #refusals: Refusals;
  readonly #told = new ToldMessages();
  /** Thing by account and identity. */
  readonly #things = new Map<string, ThingId>();
  /** What an earlier process knew. */
  readonly #left = new Map<string, { readonly owner: string; readonly thing: ThingId }>();
  /** Devices to be made in this turn, for more may be told of them in it. */
  readonly #due = new Map<string, Described>();
  /** Devices of which was told too fast. */
  readonly #late = new Map<string, Described>();
  #timer: Disposable | undefined;

  constructor(parts: HassInParts) {
    this.#parts = parts;
    this.#begin = `${parts.prefix}/`;
    this.#rates = new OwnerRates(parts.clock);
    this.#refusals = new Refusals(parts.log, this.#rates, { text: "a discovery message was refused" });
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

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** What an earlier process knew does not count any more. */
  forgetAll(unit: Unit): void {
    for (const [topic, { owner, thing }] of [...this.#left]) {
      this.#left.delete(topic);
      unit.delete(TABLE, topic);
      // One that speaks for itself may have its id.
      if (!this.#parts.foreign.isKnown(thing)) this.#parts.registry.retire(thing, foreignSource(owner), unit);
    }
  }

  /** Messages that the broker still has from an earlier process. One that cannot be used takes no other with it. */
  async recall(messages: readonly MqttMessage[]): Promise<void> {
    const { record } = this.#parts.transactions;
    const devices = new Map<string, Described>();
    for (const message of messages) {
      const left = this.#left.get(message.topic);
      const place = discoveryPlace(message.topic, this.#begin);
      if (left === undefined || place === undefined) continue;
      await record(() => {
        for (const device of this.#learn(place, left.owner, message)) devices.set(deviceKey(device), device);
      });
    }
    for (const device of devices.values()) {
      await record((unit) => this.#make(device, unit, { fresh: false }));
    }
  }

  /** Reads a discovery message; others are none of its business. */
  take({ username }: Pick<MqttClient, "username">, message: MqttMessage, unit: Unit): void {
    const place = discoveryPlace(message.topic, this.#begin);
    if (place === undefined) {
      // It may be the first word of a device that was told of in the same turn.
      if (this.#due.size > 0) this.#makeDue(unit);
    } else if (message.payload.length === 0) this.#forget(message.topic, username, unit);
    else for (const device of this.#learn(place, username, message)) this.#plan(device);
  }

  /** A device of an account began to speak for itself, or ceased to: one device is one Thing. */
  reconsider(owner: string, unit: Unit): void {
    const devices = new Map(this.#told.by(owner).map((told) => [deviceKey(told), told]));
    for (const device of devices.values()) {
      const isItsOwn = this.#isItsOwn(device);
      if (this.#things.has(deviceKey(device)) !== isItsOwn) continue;
      if (isItsOwn) this.#make(device, unit);
      else this.#plan(device);
    }
  }

  #isItsOwn({ identity, owner }: Described): boolean {
    return this.#parts.own?.speaksForItself(owner, identity) === true;
  }

  /** @returns the devices that are others now. */
  #learn(place: DiscoveryPlace, owner: string, { payload, topic }: MqttMessage): readonly Described[] {
    const refuse = (problem: string): [] => {
      this.#refusals.tell(owner, topic, problem);
      return [];
    };
    const tooLong = `expected at most ${TEXT_LIMIT} characters`;
    if (topic.length > TEXT_LIMIT) return refuse(tooLong);
    if (payload.length > DISCOVERY_LIMIT_BYTES) {
      return refuse(`expected at most ${DISCOVERY_LIMIT_BYTES} bytes, found ${payload.length}`);
    }
    const before = this.#told.get(topic);
    if (before !== undefined && before.owner !== owner) return refuse(`it is ${before.owner}'s`);
    const digest = createHash("sha256").update(payload).digest("base64");
    if (before?.digest === digest && this.#isSettled(before)) return [];
    const read = readDiscovery(place, Buffer.from(payload).toString("utf8"));
    if (!read.ok) return refuse(read.problem);
    const { message } = read;
    const identity = identityOf(message) ?? topic;
    if (identity.length > TEXT_LIMIT) return refuse(`device.identifiers: ${tooLong}`);
    const device = { owner, identity };
    const problem = this.#told.put({ ...device, topic, message, digest }, this.#leftOf(owner, topic));
    if (problem !== undefined) return refuse(problem);
    return before === undefined || before.identity === identity ? [device] : [before, device];
  }

  /** Whether there is nothing to be made of a message that was heard before. */
  #isSettled(device: Described): boolean {
    const key = deviceKey(device);
    if (this.#due.has(key) || this.#late.has(key) || this.#isItsOwn(device)) return true;
    const id = this.#things.get(key);
    const { registry } = this.#parts;
    // Somebody may have forgotten it, and what was wrong with it may be well now.
    if (id === undefined || registry.speaker(id) !== foreignSource(device.owner)) return false;
    return registry.get(registry.resolve(id))?.problem === undefined;
  }

  #plan(device: Described): void {
    const key = deviceKey(device);
    // Nothing was made of it: somebody who calls a device ever otherwise leaves nothing that waits.
    if (this.#told.of(device).length === 0 && !this.#things.has(key)) {
      this.#due.delete(key);
      this.#late.delete(key);
      return;
    }
    if (this.#late.has(key)) return;
    this.#due.set(key, device);
    if (this.#due.size > 1) return;
    queueMicrotask(() => {
      if (this.#due.size > 0) void this.#parts.transactions.record((unit) => this.#makeDue(unit));
    });
  }

  #makeDue(unit: Unit): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const [key, device] of due) if (!this.#makeInTime(device, unit)) this.#late.set(key, device);
    this.#catchUpLater();
  }

  #catchUpLater(): void {
    if (this.#late.size === 0) return;
    const catchUp = (unit: Unit): void => {
      const spent = new Set<string>();
      for (const device of [...this.#late.values()]) {
        if (!spent.has(device.owner) && !this.#makeInTime(device, unit)) spent.add(device.owner);
      }
    };
    this.#timer ??= this.#parts.clock.after(LATER_MS, () => {
      this.#timer = undefined;
      void this.#parts.transactions.record(catchUp).then(() => this.#catchUpLater());
    });
  }

  /** @returns false when it is too early. */
  #makeInTime(device: Described, unit: Unit): boolean {
    const entities = this.#told.of(device).reduce((sum, { message }) => sum + message.entities.length, 0);
    if (!this.#rates.take(device.owner, Math.max(1, entities / ENTITIES_AT_ONCE))) return false;
    this.#late.delete(deviceKey(device));
    const topic = this.#begin + device.identity;
    this.#parts.foreign.faults.contain({ topic }, unit, () => this.#make(device, unit));
    return true;
  }

  #forget(topic: string, owner: string, unit: Unit): void {
    const told = this.#told.get(topic);
    const left = this.#left.get(topic);
    if ((told ?? left)?.owner !== owner) return;
    this.#told.delete(topic);
    if (this.#left.delete(topic)) unit.delete(TABLE, topic);
    if (told === undefined) {
      if (left !== undefined) this.#retire(left, unit);
    } else if (this.#told.of(told).length > 0) this.#plan(told);
    else this.#make(told, unit);
  }

  /** What an earlier process knew, and nobody has told of in this one: not every description is retained. */
  #retire({ owner, thing }: { readonly owner: string; readonly thing: ThingId }, unit: Unit): void {
    for (const other of this.#left.values()) if (other.thing === thing) return;
    this.#parts.registry.retire(thing, foreignSource(owner), unit);
  }

  /** Makes the Thing of a device of all that was told of it, or takes it away. */
  #make(device: Described, unit: Unit, { fresh = true } = {}): void {
    const { identity, owner } = device;
    const { foreign } = this.#parts;
    const key = deviceKey(device);
    const told = this.#told.of(device);
    const messages = told.map(({ message }) => message);
    const topics = told.map(({ topic }) => topic);
    const known = this.#things.get(key);
    const isItsOwn = this.#isItsOwn(device);
    if (messages.length === 0 || isItsOwn) {
      // Its Thing is another's from now on: what was kept of it must not end that one.
      for (const topic of topics) if (this.#left.delete(topic)) unit.delete(TABLE, topic);
      this.#due.delete(key);
      this.#late.delete(key);
      if (known !== undefined) foreign.remove(known, unit);
      this.#things.delete(key);
      return;
    }
    const title = titleOf(messages, identity);
    const id = known ?? this.#placeFor(device, title, topics);
    const result = foreign.set(deviceIn(messages, { id, owner, title }), unit, { fresh });
    if (!result.ok) {
      this.#refusals.tell(owner, topics[0] ?? identity, `${result.path}: ${result.problem}`);
      return;
    }
    this.#things.set(key, id);
    for (const topic of topics) {
      if (this.#left.get(topic)?.thing === id) continue;
      this.#left.set(topic, { owner, thing: id });
      unit.put(TABLE, topic, { owner, thing: id });
    }
  }

  /** The id that it had before; else one of its name. */
  #placeFor({ identity, owner }: Described, title: string, topics: readonly string[]): ThingId {
    const { names } = this.#parts;
    const others = new Set(this.#things.values());
    for (const topic of topics) {
      const left = this.#left.get(topic);
      if (left?.owner !== owner || others.has(left.thing)) continue;
      if (names.mayKeep(left.thing, owner)) return left.thing;
    }
    return names.placeFor({ owner, identity, title });
  }

  /** Messages of an account that an earlier process knew, and nobody has told of in this one. */
  #leftOf(owner: string, except: string): number {
    let count = 0;
    for (const [topic, left] of this.#left) {
      if (left.owner === owner && topic !== except && this.#told.get(topic) === undefined) count++;
    }
    return count;
  }
}
