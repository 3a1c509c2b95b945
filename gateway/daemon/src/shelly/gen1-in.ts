import type { MqttClient, MqttMessage, Unit } from "@tram/core";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import { type DescribedDevices, MAC } from "../foreign/described-devices.ts";
import { asText, readObject } from "../foreign/json-payload.ts";
import { textOf } from "../foreign/topic-listeners.ts";
import type { Asker } from "./asker.ts";
import { type Gen1Description, gen1Device } from "./gen1-device.ts";

const DIALECT = "shelly-1";
const LIMIT_BYTES = 2_048;
const ANNOUNCE = /^shellies\/(?:([^/]+)\/)?announce$/;
const OTHER = /^shellies\/([^/]+)\/(online|ext_(?:temperature|humidity)\/[0-4])$/;
/** What a device may be called in its topics. */
const ID = /^[^/+#\0]{1,64}$/;

/** Shellies of the first generation: they announce themselves, and are asked to where they have not. */
export class Gen1In {
  readonly #described: DescribedDevices;
  readonly #asker: Asker;

  constructor(parts: { readonly described: DescribedDevices; readonly asker: Asker }) {
    this.#described = parts.described;
    this.#asker = parts.asker;
    this.#described.speak({
      name: DIALECT,
      build: (description, place) => {
        const described = readKept(description);
        return described === undefined ? "expected a description of a Shelly" : gen1Device(described, place);
      },
    });
  }

  take({ username: owner }: Pick<MqttClient, "username">, message: MqttMessage, unit: Unit): void {
    if (!message.topic.startsWith("shellies/")) return;
    if (ANNOUNCE.test(message.topic)) this.#announced(owner, message, unit);
    const [, id, what] = OTHER.exec(message.topic) ?? [];
    if (id === undefined || what === undefined) return;
    const identity = this.#described.find(DIALECT, owner, "id", id)?.identity;
    if (what === "online") {
      const isLater = this.#described.find("shelly-2", owner, "prefix", `shellies/${id}`) !== undefined;
      if (identity === undefined && !isLater && textOf(message) === "true") {
        this.#asker.ask(owner, [{ topic: `shellies/${id}/command`, payload: "announce" }], unit);
      }
    } else if (identity !== undefined) this.#probe(owner, identity, what, unit);
  }

  /** A probe says what it measures: it was put in since. */
  #probe(owner: string, identity: string, probe: string, unit: Unit): void {
    const known = this.#described.latest(DIALECT, { owner, identity });
    const described = known && readKept(known.description);
    if (known === undefined || described === undefined || described.probes.includes(probe)) return;
    const description = { ...known.description, probes: [...described.probes, probe].sort() };
    this.#described.describe(DIALECT, { ...known, description }, unit);
  }

  #announced(owner: string, message: MqttMessage, unit: Unit): void {
    const text = textOf(message);
    const json = text === undefined ? "expected UTF-8" : readObject(text, LIMIT_BYTES);
    if (typeof json === "string") {
      this.#described.refuse(owner, message.topic, json);
      return;
    }
    const { gen, id, model } = json;
    // Later generations have a dialect of their own, and scripts that announce them in this one.
    if (typeof gen === "number" && gen > 1) return;
    if (typeof id !== "string" || !ID.test(id) || typeof model !== "string" || model.length > 64) {
      this.#described.refuse(owner, message.topic, "expected id and model");
      return;
    }
    const mac = asText(json.mac)?.toUpperCase() ?? "";
    const identity = MAC.test(mac) ? mac : id;
    const before = this.#described.latest(DIALECT, { owner, identity });
    const probes = before === undefined ? [] : (readKept(before.description)?.probes ?? []);
    const description: JsonObject = { id, model, mode: (asText(json.mode) ?? "").slice(0, 16), probes };
    this.#described.describe(DIALECT, { owner, identity, title: id, description }, unit);
  }
}

/** @returns undefined for what was not kept by this dialect. */
function readKept(json: Json): Gen1Description | undefined {
  if (!isJsonObject(json)) return undefined;
  const { id, mode, model, probes } = json;
  if (typeof id !== "string" || typeof model !== "string" || typeof mode !== "string") return undefined;
  const list = Array.isArray(probes)
    ? probes.filter((probe): probe is string => typeof probe === "string")
    : [];
  return { id, model, mode, probes: list };
}
