import { isJson, isJsonObject, type Json, type JsonObject, show } from "@tram/protocol";
import { at } from "../foreign/json-payload.ts";

/** What `rl` says of each relay. */
export const RELAY = { none: 0, relay: 1, light: 2, shutter: 3 } as const;
export const RELAY_KINDS: ReadonlySet<number> = new Set(Object.values(RELAY));
/** Relays, switches and buttons that a device may have: the firmware has 32 relays and 28 of the others. */
const CHANNELS = 64;
const TOPIC_CHARACTERS = 256;

/**
 * What counts of `tasmota/discovery/<MAC>/config`, with whole topics. The message is written by
 * `xdrv_12_discovery.ino` of the firmware (`SetOption19 0`); its fields as hatasmota 0.9 reads them, and
 * https://tasmota.github.io/docs/MQTT/ and /Commands/ for topics and options.
 */
export interface TasmotaConfig {
  readonly name: string;
  readonly cmnd: string;
  readonly stat: string;
  readonly tele: string;
  readonly online: string;
  readonly offline: string;
  readonly on: string;
  readonly off: string;
  /** One of `RELAY` for each relay, without those at the end that are none. */
  readonly relays: readonly number[];
  /** Names of the relays; empty where there is none. */
  readonly names: readonly string[];
  /** Numbers of the switches, from 1, and their names. */
  readonly switches: readonly { readonly number: number; readonly name: string }[];
  /** Numbers of the buttons that tell their presses (SetOption73), from 1. */
  readonly buttons: readonly number[];
  /** `lt_st`: 1 dimmer, 2 white of two kinds, 3 RGB, 4 RGBW, 5 RGBCW. */
  readonly lightType: number;
  /** SetOption68: each light channel is a light of its own. */
  readonly byChannel: boolean;
  /** RGB and white are one light. */
  readonly linked: boolean;
  /** SetOption30: relays are lights. */
  readonly relaysAreLights: boolean;
  /** SetOption82: 200 to 380 mireds instead of 153 to 500. */
  readonly narrowWhite: boolean;
  /** SetOption4: results come at topics of their commands. */
  readonly resultsByCommand: boolean;
  readonly hasFan: boolean;
  /** It sleeps, and its last will says nothing. */
  readonly sleeps: boolean;
  /** Of each shutter: whether it runs backwards, and the angles between which its slats tilt. */
  readonly shutters: readonly { readonly inverted: boolean; readonly tilt: readonly number[] }[];
}

export type ConfigRead =
  | { readonly ok: true; readonly config: TasmotaConfig }
  | { readonly ok: false; readonly problem: string };

const FIELDS = [
  "dn",
  "hn",
  "mac",
  "t",
  "ft",
  "tp",
  "onln",
  "ofln",
  "state",
  "rl",
  "fn",
  "swc",
  "swn",
  "btn",
  "so",
  "lk",
  "lt_st",
  "if",
  "sho",
  "sht",
  "dslp",
  "ver",
];

/** The deepest is `sht`, a list of lists. */
const LEVELS = 2;

/** What is worth keeping of a discovery message: not its address and its version, which come and go. */
export function whatCounts(json: JsonObject): JsonObject {
  return Object.fromEntries(
    FIELDS.flatMap((name) => (isJson(json[name], LEVELS) ? [[name, json[name]]] : [])),
  );
}

/** Reads a discovery message. What is unknown is ignored. */
export function readConfig(json: JsonObject): ConfigRead {
  const wrong = (path: string, expected: string): ConfigRead => ({
    ok: false,
    problem: `${path}: expected ${expected}, found ${show(at(json, path) ?? null)}`,
  });
  if (json.ver !== undefined && json.ver !== 1) return wrong("ver", "1");
  const mac = text(json.mac)?.toUpperCase();
  if (mac === undefined) return wrong("mac", "12 hexadecimal digits");
  const lists = ["rl", "swc", "btn", "fn", "swn", "tp", "state", "sho", "sht"] as const;
  for (const name of lists) {
    const list = json[name];
    if (list !== undefined && (!Array.isArray(list) || list.length > CHANNELS)) {
      return { ok: false, problem: `${name}: expected a list of at most ${CHANNELS}` };
    }
  }
  const [cmnd, stat, tele] = ["cmnd", "stat", "tele"].map((prefix, index) =>
    topicOf(json, mac, text(at(json, "tp", String(index))) ?? prefix),
  );
  if (cmnd === undefined || stat === undefined || tele === undefined) {
    return wrong("ft", "a topic of %prefix%, %topic%, %hostname% and %id%");
  }
  const relays = numbers(json.rl);
  if (relays === undefined) return wrong("rl", "whole numbers");
  const option = (number: number): boolean => at(json, "so", String(number)) === 1;
  const names = list(json.fn).map((name) => text(name) ?? "");
  const shutters = relays.filter((relay) => relay === RELAY.shutter).length >> 1;
  return {
    ok: true,
    config: {
      name: text(json.dn) ?? text(json.hn) ?? mac,
      cmnd,
      stat,
      tele,
      online: text(json.onln) ?? "Online",
      offline: text(json.ofln) ?? "Offline",
      off: text(at(json, "state", "0")) ?? "OFF",
      on: text(at(json, "state", "1")) ?? "ON",
      relays,
      names: relays.map((_, index) => names[index] ?? ""),
      switches: list(json.swc).flatMap((mode, index) =>
        typeof mode === "number" && mode >= 0
          ? [{ number: index + 1, name: text(at(json, "swn", String(index))) ?? "" }]
          : [],
      ),
      buttons: option(73) ? list(json.btn).flatMap((there, index) => (there === 1 ? [index + 1] : [])) : [],
      lightType: typeof json.lt_st === "number" ? json.lt_st : 0,
      byChannel: option(68),
      linked: json.lk !== 0,
      relaysAreLights: option(30),
      narrowWhite: option(82),
      resultsByCommand: option(4),
      hasFan: json.if === 1,
      sleeps: json.dslp === 1,
      shutters: Array.from({ length: shutters }, (_, index) => ({
        inverted: ((Number(at(json, "sho", String(index))) || 0) & 1) === 1,
        tilt: list(at(json, "sht", String(index)))
          .filter((angle) => typeof angle === "number")
          .slice(0, 2),
      })),
    },
  };
}

/** https://tasmota.github.io/docs/MQTT/#mqtt-topic-definition */
function topicOf(json: JsonObject, mac: string, prefix: string): string | undefined {
  const parts: Readonly<Record<string, string | undefined>> = {
    prefix,
    topic: text(json.t),
    hostname: text(json.hn),
    id: mac.slice(6),
  };
  let complete = true;
  const topic = (text(json.ft) ?? "%prefix%/%topic%/").replaceAll(/%([a-z]+)%/g, (_, name: string) => {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    complete &&= part !== undefined;
    return part ?? "";
  });
  const whole = topic.endsWith("/") ? topic : `${topic}/`;
  return complete && whole.length <= TOPIC_CHARACTERS && !/[+#%\0]/.test(whole) ? whole : undefined;
}

/** @returns undefined where one is no number. Kinds of later versions are kept, and told. */
function numbers(json: Json | undefined): readonly number[] | undefined {
  const found = list(json);
  const relays = found.filter((each): each is number => Number.isInteger(each));
  if (relays.length !== found.length) return undefined;
  return relays.slice(0, relays.findLastIndex((relay) => relay !== RELAY.none) + 1);
}

function list(json: Json | undefined): readonly Json[] {
  return Array.isArray(json) ? json : [];
}

function text(json: Json | undefined): string | undefined {
  return typeof json === "string" && json !== "" ? json.slice(0, TOPIC_CHARACTERS) : undefined;
}

/**
 * Where a number that the device has measured stands in what it tells: `["ENERGY", "Power"]`, and for one of several
 * phases `["ENERGY", "Power", "0"]`.
 */
export type TasmotaSensor = readonly string[];

/** Sensors of one device, and how deep they may stand in its messages. */
const SENSORS = { most: 96, levels: 4 } as const;
/** What is told with the measurements and is none: https://tasmota.github.io/docs/Sensor-API/ and what drivers add. */
const NO_MEASUREMENT = new Set(["Time", "TotalStartTime", "Id", "TempUnit", "PressureUnit", "SpeedUnit"]);

/** Finds the measurements in `tasmota/discovery/<MAC>/sensors`, which shows one message as the device sends it. */
export function readSensors(sn: Json | undefined): readonly TasmotaSensor[] {
  const found: TasmotaSensor[] = [];
  const walk = (json: Json, path: readonly string[]): void => {
    const [driver = ""] = path;
    if (found.length >= SENSORS.most || /^(?:Switch|Button|Shutter)\d+$/.test(driver)) return;
    // At the start a sensor may have measured nothing yet.
    if (typeof json === "number" || (json === null && path.length > 1)) found.push(path);
    if (path.length === SENSORS.levels || typeof json !== "object" || json === null) return;
    for (const [name, value] of Object.entries(json).slice(0, SENSORS.most)) {
      if (!NO_MEASUREMENT.has(name) && name.length <= 64) walk(value, [...path, name]);
    }
  };
  walk(isJsonObject(sn) ? sn : {}, []);
  return found;
}
