import type { MqttClient, MqttMessage, Unit } from "@tram/core";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { DescribedDevices } from "../foreign/described-devices.ts";
import { asText, readObject } from "../foreign/json-payload.ts";
import { textOf } from "../foreign/topic-listeners.ts";
import { readConfig, readSensors, type TasmotaSensor, whatCounts } from "./tasmota-config.ts";
import { tasmotaDevice } from "./tasmota-device.ts";

const DIALECT = "tasmota";
/** Tasmota's own discovery (`SetOption19 0`, which is the default): `tasmota/discovery/<MAC>/config` and `/sensors`. */
const PLACE = /^tasmota\/discovery\/([0-9A-Fa-f]{12})\/(config|sensors)$/;
/** With 32 relays and all names it is about 3 kB. */
const LIMIT_BYTES = 8_192;
/** Devices that told of their sensors and not of themselves yet. */
const EARLY = 64;

/** Devices that run Tasmota and describe themselves in its own way. */
export class TasmotaIn {
  readonly #described: DescribedDevices;
  readonly #early = new Map<string, readonly TasmotaSensor[]>();

  constructor(described: DescribedDevices) {
    this.#described = described;
    described.speak({
      name: DIALECT,
      build: ({ config, sensors }, place) => {
        const read = readConfig(isJsonObject(config) ? config : {});
        if (!read.ok) return read.problem;
        return tasmotaDevice({ config: read.config, sensors: asSensors(sensors) }, place);
      },
    });
  }

  /** Reads a discovery message; others are none of its business. */
  take({ username: owner }: Pick<MqttClient, "username">, message: MqttMessage, unit: Unit): void {
    const [, digits, half] = PLACE.exec(message.topic) ?? [];
    if (digits === undefined) return;
    const identity = digits.toUpperCase();
    if (message.payload.length === 0) {
      if (half === "config") this.#described.forget(DIALECT, { owner, identity }, unit);
      else this.#describe(owner, identity, { sensors: [] }, unit);
      return;
    }
    const json = read(message);
    const problem = typeof json === "string" ? json : this.#learn(owner, identity, half, json, unit);
    if (problem !== undefined) {
      this.#described.noteProblem(DIALECT, { owner, identity }, `${half}: ${problem}`, unit);
    }
  }

  #learn(
    owner: string,
    identity: string,
    half: string | undefined,
    json: JsonObject,
    unit: Unit,
  ): string | undefined {
    if (half === "sensors") {
      this.#describe(owner, identity, { sensors: readSensors(json.sn) }, unit);
      return undefined;
    }
    if (asText(json.mac)?.toUpperCase() !== identity) return `mac: expected ${identity}, as in the topic`;
    const result = readConfig(json);
    if (!result.ok) return result.problem;
    this.#describe(owner, identity, { config: whatCounts(json), title: result.config.name }, unit);
    return undefined;
  }

  #describe(
    owner: string,
    identity: string,
    half:
      | { readonly config: JsonObject; readonly title: string }
      | { readonly sensors: readonly TasmotaSensor[] },
    unit: Unit,
  ): void {
    const key = `${owner}\n${identity}`;
    const known = this.#described.latest(DIALECT, { owner, identity });
    if ("config" in half) {
      const { config, title } = half;
      const sensors = known?.description.sensors ?? this.#early.get(key) ?? [];
      this.#early.delete(key);
      this.#described.describe(DIALECT, { owner, identity, title, description: { config, sensors } }, unit);
    } else if (known !== undefined) {
      const description = { ...known.description, sensors: half.sensors };
      this.#described.describe(DIALECT, { ...known, description }, unit);
    } else {
      const [oldest] = this.#early.keys();
      if (this.#early.size >= EARLY && oldest !== undefined) this.#early.delete(oldest);
      this.#early.set(key, half.sensors);
    }
  }
}

/** The list as it was kept. */
function asSensors(json: Json | undefined): readonly TasmotaSensor[] {
  const paths = Array.isArray(json) ? json : [];
  return paths.filter((path) => Array.isArray(path) && path.every((name) => typeof name === "string"));
}

function read(message: MqttMessage): JsonObject | string {
  if (message.payload.length > LIMIT_BYTES) {
    return `expected at most ${LIMIT_BYTES} bytes, found ${message.payload.length}`;
  }
  const text = textOf(message);
  return text === undefined ? "expected UTF-8" : readObject(text, LIMIT_BYTES);
}
