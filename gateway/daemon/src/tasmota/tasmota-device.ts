import { type Json, show, type ThingId } from "@tram/protocol";
import { DeviceShape, titleOf } from "../foreign/device-shape.ts";
import type {
  ForeignDevice,
  ForeignMessage,
  PropertyBinding,
  ReadBinding,
} from "../foreign/foreign-device.ts";
import { asNumber, at, decodeAt, parseJson, SILENCE } from "../foreign/json-payload.ts";
import { RELAY, RELAY_KINDS, type TasmotaConfig, type TasmotaSensor } from "./tasmota-config.ts";
import { addLights } from "./tasmota-lights.ts";
import { addSensors } from "./tasmota-sensors.ts";
import { addShutters } from "./tasmota-shutters.ts";

/** A device that runs Tasmota, as a Thing. */
export function tasmotaDevice(
  { config, sensors }: { readonly config: TasmotaConfig; readonly sensors: readonly TasmotaSensor[] },
  { id, owner, title }: { readonly id: ThingId; readonly owner: string; readonly title: string },
): ForeignDevice {
  const shape = new DeviceShape();
  const topics = new TasmotaTopics(config);
  addRelays(shape, topics, sensors);
  addLights(shape, topics);
  addShutters(shape, topics);
  if (config.hasFan) addFan(shape, topics);
  addInputs(shape, topics);
  addSensors(shape, config, sensors);
  if (shape.properties.size === 0) shape.problem("it tells neither relays nor sensors");
  const { cmnd, offline, online, sleeps, tele } = config;
  const { nodes, problems, properties } = shape;
  const lwt = {
    topic: `${tele}LWT`,
    decode: (payload: string) => (payload === online ? true : payload === offline ? false : undefined),
  };
  const ask = (command: string, payload: string): ForeignMessage => ({
    topic: `${cmnd}${command}`,
    payload,
    qos: 0,
    retain: false,
  });
  return {
    id,
    title,
    owner,
    nodes,
    properties,
    availability: sleeps ? [] : [lwt],
    availabilityMode: "latest",
    tellsHass: true,
    ask: [ask("STATE", ""), ask("STATUS", "10")],
    problems,
  };
}

/** Where a device tells things and is told. */
export class TasmotaTopics {
  readonly config: TasmotaConfig;

  constructor(config: TasmotaConfig) {
    this.config = config;
  }

  /** Reads of a part of its state: told each few minutes, and as the result of a command. */
  state(
    path: readonly string[],
    decode: (found: Json) => Json | undefined,
    commands: readonly string[] = [],
  ): readonly ReadBinding[] {
    const { resultsByCommand, stat, tele } = this.config;
    const results = resultsByCommand ? commands.map((command) => `${stat}${command.toUpperCase()}`) : [];
    return [`${tele}STATE`, `${stat}RESULT`, ...results].map((topic) => ({
      topic,
      decode: decodeAt(path, decode),
    }));
  }

  /** Reads of what stands among the sensors. */
  sensor(path: readonly string[], decode: (found: Json) => Json | undefined): readonly ReadBinding[] {
    const { stat, tele } = this.config;
    return [
      { topic: `${tele}SENSOR`, decode: decodeAt(path, decode) },
      { topic: `${stat}STATUS10`, decode: decodeAt(["StatusSNS", ...path], decode) },
    ];
  }

  write(
    command: string,
    print: (value: Json) => string = String,
    isSame?: (wanted: Json, reported: Json) => boolean,
  ): NonNullable<PropertyBinding["write"]> {
    const topic = `${this.config.cmnd}${command}`;
    return {
      topic,
      encode: (value) => ({ topic, payload: print(value), qos: 1, retain: false }),
      ...(isSame === undefined ? {} : { isSame }),
    };
  }

  /** Power of a relay or a light. @param number from 1. */
  power(number: number): Pick<PropertyBinding, "reads" | "write"> {
    const { off, on, stat, tele } = this.config;
    const flag = (found: Json | undefined): boolean | undefined =>
      found === on ? true : found === off ? false : undefined;
    // The first is `POWER` alone where there is no second one, and SetOption26 calls it `POWER1` there too.
    const names = number === 1 ? ["POWER1", "POWER"] : [`POWER${number}`];
    const decode: ReadBinding["decode"] = (payload) => {
      const json = parseJson(payload);
      const found = names.map((name) => at(json, name)).find((each) => each !== undefined);
      if (found === undefined || found === null) return SILENCE;
      const value = flag(found);
      return value === undefined ? { ok: false, problem: `found ${show(found)}` } : { ok: true, value };
    };
    const plain: ReadBinding["decode"] = (payload) => {
      const value = flag(payload);
      return value === undefined ? decode(payload) : { ok: true, value };
    };
    return {
      reads: [
        { topic: `${tele}STATE`, decode },
        { topic: `${stat}RESULT`, decode },
        ...names.map((name) => ({ topic: `${stat}${name}`, decode: plain })),
      ],
      write: this.write(`POWER${number}`, (value) => (value === true ? on : off)),
    };
  }
}

function addRelays(shape: DeviceShape, topics: TasmotaTopics, sensors: readonly TasmotaSensor[]): void {
  const { hasFan, names, relays, relaysAreLights } = topics.config;
  const switched = relays.flatMap((relay, index) => (relay === RELAY.relay ? [index + 1] : []));
  const odd = relays.find((relay) => !RELAY_KINDS.has(relay));
  if (odd !== undefined) shape.problem(`rl: relays of the kind ${odd} are not known`);
  const measures = sensors.some(([driver, name]) => driver === "ENERGY" && name === "Power");
  for (const number of switched) {
    const isLight = relaysAreLights || (hasFan && number === 1);
    const only = switched.length > 1 ? [] : [isLight ? "light/on" : measures ? "plug/on" : "switch/on"];
    shape.add({
      keys: [...only, `${isLight && only.length === 0 ? "light" : "relay"}-${number}/on`],
      affordance: { type: "boolean" },
      node: titleOf(names[number - 1]),
      ...topics.power(number),
    });
  }
}

/** Sonoff iFan: https://tasmota.github.io/docs/Commands/#fanspeed, 0 to 3. */
function addFan(shape: DeviceShape, topics: TasmotaTopics): void {
  const modes = ["off", "low", "medium", "high"];
  const speed = (decode: (number: number) => Json | undefined) =>
    topics.state(["FanSpeed"], (found) => decode(asNumber(found) ?? Number.NaN), ["FanSpeed"]);
  shape.add({
    keys: ["fan/on"],
    reads: speed((number) => (Number.isInteger(number) ? number > 0 : undefined)),
    write: topics.write("FanSpeed", (value) => (value === true ? "1" : "0")),
  });
  shape.add({
    keys: ["fan/mode"],
    affordance: { enum: modes },
    reads: speed((number) => modes[number]),
    write: topics.write("FanSpeed", (value) => String(modes.indexOf(String(value)))),
  });
}

/** https://tasmota.github.io/docs/Buttons-and-Switches/: SetOption73 and SetOption114 tell actions. */
const ACTIONS: Readonly<Record<string, string>> = {
  SINGLE: "press",
  DOUBLE: "double-press",
  TRIPLE: "triple-press",
  QUAD: "quadruple-press",
  PENTA: "quintuple-press",
  HOLD: "long-press",
  CLEAR: "release",
};

function addInputs(shape: DeviceShape, topics: TasmotaTopics): void {
  const { buttons, off, on, stat, switches } = topics.config;
  const flag = (found: Json): boolean | undefined =>
    found === on ? true : found === off ? false : undefined;
  for (const { name, number } of switches) {
    const action: ReadBinding["decode"] = (payload) => {
      const value = flag(at(parseJson(payload), `Switch${number}`, "Action") ?? null);
      return value === undefined ? SILENCE : { ok: true, value };
    };
    shape.add({
      keys: [`input-${number}/active`],
      affordance: { type: "boolean" },
      node: titleOf(name),
      reads: [
        { topic: `${stat}RESULT`, decode: action },
        { topic: `${stat}SWITCH${number}`, decode: action },
        ...topics.sensor([`Switch${number}`], flag),
      ],
    });
  }
  for (const number of buttons) {
    const press: ReadBinding["decode"] = (payload) => {
      const found = at(parseJson(payload), `Button${number}`, "Action");
      const value = typeof found === "string" && Object.hasOwn(ACTIONS, found) ? ACTIONS[found] : undefined;
      return value === undefined ? SILENCE : { ok: true, value };
    };
    shape.add({
      keys: [...(buttons.length === 1 ? ["button/event"] : []), `button-${number}/event`],
      affordance: { type: "string", enum: Object.values(ACTIONS), momentary: true },
      reads: [
        { topic: `${stat}RESULT`, decode: press },
        { topic: `${stat}BUTTON${number}`, decode: press },
      ],
    });
  }
}
