import type { MqttClient, MqttMessage, Unit } from "@tram/core";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { DescribedDevices, Description } from "../foreign/described-devices.ts";
import { asText, at, readObject } from "../foreign/json-payload.ts";
import { textOf } from "../foreign/topic-listeners.ts";
import type { Asker } from "./asker.ts";
import { COMPONENTS } from "./gen2-components.ts";
import { type Gen2Description, Gen2Topics, gen2Device } from "./gen2-device.ts";

const DIALECT = "shelly-2";
/** The whole configuration of a device with scripts is about 10 kB. */
const LIMIT_BYTES = 65_536;
const COMPONENT_LIMIT = 64;
const PREFIX_CHARACTERS = 200;
/** Names of devices that have not told yet what they are made of. */
const EARLY = 64;

/** `shellyplus1pm-a8032abe54dc`: the model and the MAC address. */
const DEVICE_ID = /^shelly[a-z0-9]{1,32}-([0-9a-f]{12})$/;
const PLACE = /^(.+)\/(online|events\/rpc|tram\/rpc)$/;

interface Names {
  readonly title: string | undefined;
  readonly names: Readonly<Record<string, string>>;
}

/**
 * Shellies of the second generation and later, with their RPC over MQTT. Nothing announces them: one that comes online, or
 * tells a change, is asked for its configuration and its status. The answer comes to a topic below its own.
 */
export class Gen2In {
  readonly #described: DescribedDevices;
  readonly #asker: Asker;
  readonly #early = new Map<string, Names>();

  constructor(parts: { readonly described: DescribedDevices; readonly asker: Asker }) {
    this.#described = parts.described;
    this.#asker = parts.asker;
    this.#described.speak({
      name: DIALECT,
      build: (description, place) => {
        const described = readKept(description);
        return described === undefined ? "expected a description of a Shelly" : gen2Device(described, place);
      },
    });
  }

  take({ username: owner }: Pick<MqttClient, "username">, message: MqttMessage, unit: Unit): void {
    const { topic } = message;
    // Asked for every message of the house.
    if (!topic.endsWith("/rpc") && !topic.endsWith("/online")) return;
    const [, prefix, what] = PLACE.exec(topic) ?? [];
    if (prefix === undefined || prefix.length > PREFIX_CHARACTERS) return;
    if (what === "online") {
      if (textOf(message) === "true" && this.#mayBeOne(owner, prefix)) this.#ask(owner, prefix, unit);
      return;
    }
    const text = textOf(message);
    const frame = text === undefined ? "expected UTF-8" : readObject(text, LIMIT_BYTES);
    if (typeof frame === "string") {
      const known = this.#described.find(DIALECT, owner, "prefix", prefix);
      if (known !== undefined) this.#described.refuse(owner, message.topic, frame);
      return;
    }
    const device = asText(frame.src) ?? "";
    const [, mac] = DEVICE_ID.exec(device) ?? [];
    if (mac === undefined) return;
    const who = { owner, identity: mac.toUpperCase(), device, prefix };
    if (what === "tram/rpc") this.#answered(who, frame, unit);
    else this.#notified(who, frame, unit);
  }

  /** Whoever says `online` with such a name, or where Shellies are. */
  #mayBeOne(owner: string, prefix: string): boolean {
    const [last = ""] = prefix.split("/").slice(-1);
    if (DEVICE_ID.test(last) || this.#described.find(DIALECT, owner, "prefix", prefix) !== undefined)
      return true;
    return (
      prefix.startsWith("shellies/") && this.#described.find("shelly-1", owner, "id", last) === undefined
    );
  }

  #ask(owner: string, prefix: string, unit: Unit): void {
    const topics = new Gen2Topics(prefix);
    const questions = ["Shelly.GetConfig", "Shelly.GetStatus"].map((method) => topics.request(method));
    this.#asker.ask(owner, questions, unit);
  }

  #notified(who: Who, { method, params }: JsonObject, unit: Unit): void {
    if (method === "NotifyFullStatus") this.#learnStatus(who, params, unit);
    else if (this.#described.latest(DIALECT, who)?.description.prefix !== who.prefix) {
      this.#ask(who.owner, who.prefix, unit);
    }
  }

  #answered(who: Who, { id, result }: JsonObject, unit: Unit): void {
    if (id === "Shelly.GetConfig") this.#learnNames(who, result, unit);
    else if (id === "Shelly.GetStatus") this.#learnStatus(who, result, unit);
  }

  #learnNames(who: Who, config: Json | undefined, unit: Unit): void {
    if (!isJsonObject(config)) return;
    const named = Object.entries(config).flatMap(([component, of]) => {
      const name = asText(at(of, "name"));
      return name === undefined || !isKnown(component) ? [] : [[component, name.slice(0, 64)] as const];
    });
    const names = Object.fromEntries(named.slice(0, COMPONENT_LIMIT));
    const title = asText(at(config, "sys", "device", "name"))?.slice(0, 128);
    const known = this.#described.latest(DIALECT, who);
    if (known !== undefined) {
      const description = { ...known.description, names };
      this.#described.describe(DIALECT, { ...known, title: title ?? who.device, description }, unit);
      return;
    }
    const [oldest] = this.#early.keys();
    if (this.#early.size >= EARLY && oldest !== undefined) this.#early.delete(oldest);
    this.#early.set(keyOf(who), { title, names });
  }

  #learnStatus(who: Who, status: Json | undefined, unit: Unit): void {
    if (!isJsonObject(status)) return;
    const { device, identity, owner, prefix } = who;
    const known = this.#described.latest(DIALECT, who);
    const before = known && readKept(known.description);
    const early = this.#early.get(keyOf(who));
    this.#early.delete(keyOf(who));
    const description: JsonObject = {
      prefix,
      components: componentsIn(status, before?.components ?? {}),
      names: before?.names ?? early?.names ?? {},
      sleeps:
        isJsonObject(status["devicepower:0"]) && at(status, "devicepower:0", "external", "present") !== true,
    };
    const title = known?.title ?? early?.title ?? device;
    this.#described.describe(DIALECT, { owner, identity, title, description }, unit);
  }
}

interface Who extends Pick<Description, "identity" | "owner"> {
  readonly device: string;
  readonly prefix: string;
}

function keyOf({ identity, owner }: Who): string {
  return `${owner}\n${identity}`;
}

function isKnown(component: string): boolean {
  return Object.hasOwn(COMPONENTS, component.split(":")[0] ?? "");
}

/** Which values each component tells. What it told before it tells still: it leaves out what it cannot measure just now. */
function componentsIn(
  status: JsonObject,
  before: Gen2Description["components"],
): Readonly<Record<string, readonly string[]>> {
  const found = Object.entries(status).flatMap(([name, of]) => {
    const [type = "", number] = name.split(":");
    if (number === undefined || !isKnown(name) || !isJsonObject(of)) return [];
    const told = (COMPONENTS[type]?.fields ?? []).map(({ path }) => path);
    const has = told.filter((path) => (at(of, ...path) ?? null) !== null).map((path) => path.join("."));
    const earlier = Object.hasOwn(before, name) ? (before[name] ?? []) : [];
    return [[name, [...new Set([...earlier, ...has])].sort()] as const];
  });
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, COMPONENT_LIMIT));
}

/** @returns undefined for what was not kept by this dialect. */
function readKept({ components, names, prefix, sleeps }: JsonObject): Gen2Description | undefined {
  if (typeof prefix !== "string" || !isJsonObject(components) || !isJsonObject(names)) return undefined;
  const texts = (list: Json): readonly string[] =>
    Array.isArray(list) ? list.filter((each): each is string => typeof each === "string") : [];
  return {
    prefix,
    components: Object.fromEntries(Object.entries(components).map(([name, told]) => [name, texts(told)])),
    names: Object.fromEntries(
      Object.entries(names).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])),
    ),
    sleeps: sleeps === true,
  };
}
