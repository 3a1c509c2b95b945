import type { MqttClient, MqttMessage, Unit } from "@tram/core";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { DescribedDevices } from "../foreign/described-devices.ts";
import { titleOf } from "../foreign/device-shape.ts";
import { textOf } from "../foreign/topic-listeners.ts";
import { type Attributes, homieAttribute, homieProperties } from "./homie-attributes.ts";
import { homieLegacyDevice } from "./homie-legacy-device.ts";

const DIALECT = "homie-4";

/** What one device may say of itself, and how many devices of an account may be about to. */
const LIMITS = { attributes: 1_024, characters: 65_536, value: 2_048, early: 32 } as const;

/** A device that is describing itself. */
interface Early {
  readonly attributes: Map<string, string>;
  characters: number;
  /** It has said all that it is. */
  isReady: boolean;
}

/**
 * Homie 3 and 4: a device describes itself in many retained messages, which come in any order. It is a Thing once all of
 * them are there and it says that it is ready.
 */
export class HomieLegacyIn {
  readonly #described: DescribedDevices;
  /** By account and device. */
  readonly #early = new Map<string, Map<string, Early>>();

  constructor(described: DescribedDevices) {
    this.#described = described;
    described.speak({
      name: DIALECT,
      build: ({ attributes, device }, place) =>
        typeof device === "string"
          ? homieLegacyDevice(device, readKept(attributes), place)
          : "expected a device of Homie 3 or 4",
    });
  }

  take({ username: owner }: Pick<MqttClient, "username">, message: MqttMessage, unit: Unit): void {
    const place = homieAttribute(message.topic);
    if (place === undefined) return;
    const { device, path } = place;
    const who = { owner, identity: device };
    const text = textOf(message);
    if (text === undefined || text.length > LIMITS.value) {
      const expected = text === undefined ? "UTF-8" : `at most ${LIMITS.value} characters`;
      this.#described.noteProblem(DIALECT, who, `${path}: expected ${expected}`, unit);
      return;
    }
    if (text === "" && (path === "$homie" || path === "$state")) {
      this.#early.get(owner)?.delete(device);
      this.#described.forget(DIALECT, who, unit);
      return;
    }
    const early = this.#earlyOf(owner, device, path, text);
    if (early === undefined) return;
    if (path === "$state") early.isReady = text !== "init";
    else if (!put(early, path, text)) {
      this.#described.noteProblem(DIALECT, who, "it says more of itself than can be kept", unit);
      return;
    }
    if (early.isReady) this.#describe(owner, device, early, unit);
  }

  #describe(owner: string, device: string, { attributes }: Early, unit: Unit): void {
    const properties = homieProperties(attributes);
    if (properties === undefined) return;
    const who = { owner, identity: device };
    if (typeof properties === "string") {
      this.#described.noteProblem(DIALECT, who, properties, unit);
      return;
    }
    const title = titleOf(attributes.get("$name")) ?? device;
    const description: JsonObject = { device, attributes: Object.fromEntries(attributes) };
    this.#described.describe(DIALECT, { ...who, title, description }, unit);
    this.#early.get(owner)?.delete(device);
  }

  /** @returns undefined when this is known already. */
  #earlyOf(owner: string, device: string, path: string, text: string): Early | undefined {
    const devices = this.#early.get(owner) ?? new Map<string, Early>();
    this.#early.set(owner, devices);
    const found = devices.get(device);
    if (found !== undefined) return found;
    const kept = this.#described.latest(DIALECT, { owner, identity: device })?.description.attributes;
    const known = readKept(kept);
    const isNews = path === "$state" ? text === "init" : known.get(path) !== text;
    if (kept !== undefined && !isNews) return undefined;
    const [oldest] = devices.keys();
    if (devices.size >= LIMITS.early && oldest !== undefined) devices.delete(oldest);
    const early: Early = { attributes: new Map(), characters: 0, isReady: kept !== undefined };
    for (const [name, value] of known) put(early, name, value);
    devices.set(device, early);
    return early;
  }
}

/** @returns false when there is no room. */
function put(early: Early, path: string, text: string): boolean {
  const before = early.attributes.get(path);
  const characters = early.characters - (before?.length ?? -path.length) + text.length;
  if (characters > LIMITS.characters) return false;
  if (before === undefined && early.attributes.size >= LIMITS.attributes) return false;
  early.attributes.set(path, text);
  early.characters = characters;
  return true;
}

function readKept(json: Json | undefined): Attributes {
  const entries = isJsonObject(json) ? Object.entries(json) : [];
  return new Map(entries.flatMap(([path, text]) => (typeof text === "string" ? [[path, text]] : [])));
}
