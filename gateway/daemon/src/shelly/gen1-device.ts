import { type Json, type PropertyAffordance, readDecimal } from "@tram/protocol";
import type { Place } from "../foreign/described-devices.ts";
import { DeviceShape } from "../foreign/device-shape.ts";
import type {
  ForeignDevice,
  ForeignMessage,
  PropertyBinding,
  ReadBinding,
} from "../foreign/foreign-device.ts";
import { asFlag, asNumber, at, decodeAt, decodeText, parseJson, SILENCE } from "../foreign/json-payload.ts";
import { addGen1Lights } from "./gen1-lights.ts";
import { GEN1_MODELS, type Gen1Model } from "./gen1-models.ts";

/** What counts of `shellies/announce`. */
export interface Gen1Description {
  /** The level of its topics: `shellies/<id>/…`. */
  readonly id: string;
  readonly model: string;
  /** `relay` or `roller`, `color` or `white`, for devices that can be either. */
  readonly mode: string;
  /** Probes that were heard of: `ext_temperature/0`. */
  readonly probes: readonly string[];
}

/** A Shelly of the first generation. https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support */
export function gen1Device(described: Gen1Description, { id, owner, title }: Place): ForeignDevice {
  const shape = new DeviceShape();
  const topics = new Gen1Topics(described.id);
  const model = Object.hasOwn(GEN1_MODELS, described.model) ? GEN1_MODELS[described.model] : undefined;
  if (model === undefined) shape.problem(`the model ${described.model.slice(0, 32)} is not known`);
  else {
    if (model.canRoll === true && described.mode === "roller") addRoller(shape, topics, model);
    else addRelays(shape, topics, model);
    addGen1Lights(shape, topics, { kind: model.light, mode: described.mode });
    addMeters(shape, topics, model);
    addInputs(shape, topics, model);
    for (const sensor of [...(model.sensors ?? []), ...described.probes]) addSensor(shape, topics, sensor);
  }
  const { nodes, problems, properties } = shape;
  const online = {
    topic: topics.topic("online"),
    decode: (payload: string) => (payload === "true" ? true : payload === "false" ? false : undefined),
  };
  return {
    id,
    title,
    owner,
    nodes,
    properties,
    availability: model?.sleeps === true ? [] : [online],
    availabilityMode: "latest",
    ask: [topics.message("command", "update")],
    problems,
  };
}

/** `shellies/<id>/…`. */
export class Gen1Topics {
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  topic(name: string): string {
    return `shellies/${this.#id}/${name}`;
  }

  message(name: string, payload: string): ForeignMessage {
    return { topic: this.topic(name), payload, qos: 0, retain: false };
  }

  reads(name: string, decode: (text: string) => Json | undefined): readonly ReadBinding[] {
    return [{ topic: this.topic(name), decode: decodeText(decode) }];
  }

  /** Reads of a topic with JSON. */
  readsAt(
    name: string,
    path: readonly string[],
    decode: (found: Json) => Json | undefined,
  ): readonly ReadBinding[] {
    return [{ topic: this.topic(name), decode: decodeAt(path, decode) }];
  }

  write(name: string, print: (value: Json) => string): NonNullable<PropertyBinding["write"]> {
    return { topic: this.topic(name), encode: (value) => this.message(name, print(value)) };
  }
}

export function onOff(text: string): boolean | undefined {
  // It was switched off because of too much power.
  return text === "on" ? true : text === "off" || text === "overpower" ? false : undefined;
}

function addRelays(shape: DeviceShape, topics: Gen1Topics, model: Gen1Model): void {
  const { metered = false, relays = 0 } = model;
  for (let index = 0; index < relays; index++) {
    const node = `relay-${index + 1}`;
    const only = relays === 1 ? [metered ? "plug/on" : "switch/on"] : [];
    shape.add({
      keys: [...only, `${node}/on`],
      affordance: { type: "boolean" },
      reads: topics.reads(`relay/${index}`, onOff),
      write: topics.write(`relay/${index}/command`, (value) => (value === true ? "on" : "off")),
    });
    if (metered) addPower(shape, topics, { from: `relay/${index}`, node: relays === 1 ? "meter" : node });
  }
}

function addPower(
  shape: DeviceShape,
  topics: Gen1Topics,
  { from, node }: { readonly from: string; readonly node: string },
): void {
  shape.add({
    keys: [`${node}/power`],
    like: "meter/power",
    reads: topics.reads(`${from}/power`, readDecimal),
  });
  shape.add({
    keys: [`${node}/energy`],
    like: "meter/energy",
    reads: topics.reads(`${from}/energy`, ENERGY.decode),
  });
}

const ROLLER: Readonly<Record<string, string>> = { open: "opening", close: "closing", stop: "stopped" };

function addRoller(shape: DeviceShape, topics: Gen1Topics, { metered }: Gen1Model): void {
  shape.add({
    keys: ["cover/command"],
    affordance: { type: "string", enum: ["open", "close", "stop"] },
    reads: [],
    write: topics.write("roller/0/command", String),
  });
  shape.add({
    keys: ["cover/state"],
    reads: topics.reads("roller/0", (text) => (Object.hasOwn(ROLLER, text) ? ROLLER[text] : undefined)),
  });
  shape.add({
    keys: ["cover/position"],
    // -1 until it has been calibrated.
    reads: [
      {
        topic: topics.topic("roller/0/pos"),
        decode: (payload) => (payload === "-1" ? SILENCE : decodeText(readDecimal)(payload)),
      },
    ],
    write: topics.write("roller/0/command/pos", String),
  });
  if (metered === true) addPower(shape, topics, { from: "roller/0", node: "meter" });
}

/** What `emeter/<n>/…` tells, and where it goes in the Thing Models. */
const METER: readonly (readonly [name: string, key: string, per?: number])[] = [
  ["power", "meter/power"],
  ["voltage", "meter/voltage"],
  ["current", "meter/current"],
  ["pf", "meter/power-factor"],
  // In watt-hours.
  ["total", "meter/energy", 1_000],
  ["total_returned", "meter/energy-exported", 1_000],
];

function addMeters(shape: DeviceShape, topics: Gen1Topics, { isThreePhase, meters = 0 }: Gen1Model): void {
  for (let index = 0; index < meters; index++) {
    for (const [name, like, per = 1] of METER) {
      if (isThreePhase !== true && (name === "current" || name === "pf")) continue;
      const role = like.slice("meter/".length);
      shape.add({
        keys: [`${isThreePhase === true ? "phase" : "meter"}-${index + 1}/${role}`],
        like,
        reads: topics.reads(`emeter/${index}/${name}`, (text) => scaled(readDecimal(text), per)),
      });
    }
  }
}

const PRESSES: Readonly<Record<string, string>> = {
  S: "press",
  SS: "double-press",
  SSS: "triple-press",
  L: "long-press",
  SL: "short-long-press",
  LS: "long-short-press",
};

function addInputs(shape: DeviceShape, topics: Gen1Topics, { inputs = 0, sleeps = false }: Gen1Model): void {
  for (let index = 0; index < inputs; index++) {
    if (!sleeps) {
      shape.add({
        keys: [`input-${index + 1}/active`],
        affordance: { type: "boolean" },
        reads: topics.reads(`input/${index}`, (text) =>
          text === "1" ? true : text === "0" ? false : undefined,
        ),
      });
    }
    shape.add({
      keys: [...(inputs === 1 ? ["button/event"] : []), `button-${index + 1}/event`],
      affordance: { type: "string", enum: Object.values(PRESSES), momentary: true },
      reads: [{ topic: topics.topic(`input_event/${index}`), decode: pressDecoder(sleeps) }],
    });
  }
}

/**
 * `{"event":"SS","event_cnt":4}` is told again with everything else each half minute: it happened where the count has
 * changed. What is told first is old, unless the device woke up to tell it.
 */
function pressDecoder(wakesForIt: boolean): ReadBinding["decode"] {
  let count: number | undefined;
  return (payload) => {
    const json = parseJson(payload);
    const event = at(json, "event");
    const told = at(json, "event_cnt");
    if (typeof event !== "string" || typeof told !== "number") {
      return { ok: false, problem: `expected an event, found ${payload.slice(0, 80)}` };
    }
    const isNews = count === undefined ? wakesForIt : told !== count;
    count = told;
    return isNews && Object.hasOwn(PRESSES, event) ? { ok: true, value: PRESSES[event] } : SILENCE;
  };
}

interface Sensor {
  readonly keys: readonly string[];
  readonly affordance?: Partial<PropertyAffordance>;
  readonly decode: (text: string) => Json | undefined;
}

const trueFalse = (text: string): boolean | undefined =>
  text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined;
const wholePercent = (text: string): number | undefined => {
  const number = readDecimal(text);
  return number === undefined ? undefined : Math.round(number);
};

const POWER: Sensor = { keys: ["meter/power"], decode: readDecimal };
/** Counted in watt-minutes. */
const ENERGY: Sensor = { keys: ["meter/energy"], decode: (text) => scaled(readDecimal(text), 60_000) };

/** Topics with a value of their own. */
const SENSORS: Readonly<Record<string, Sensor>> = {
  "relay/power": POWER,
  "relay/energy": ENERGY,
  "light/0/power": POWER,
  "light/0/energy": ENERGY,
  temperature: {
    keys: ["device/temperature"],
    affordance: { type: "number", unit: "°C", title: "Temperature of the device" },
    decode: readDecimal,
  },
  voltage: { keys: ["meter/voltage"], decode: readDecimal },
  "adc/0": { keys: ["ain-1/voltage"], decode: readDecimal },
  "sensor/temperature": { keys: ["air/temperature"], decode: readDecimal },
  "sensor/humidity": { keys: ["air/humidity"], decode: readDecimal },
  "sensor/battery": { keys: ["battery/level"], decode: wholePercent },
  "sensor/flood": { keys: ["leak/detected"], decode: trueFalse },
  "sensor/smoke": { keys: ["smoke/detected"], decode: trueFalse },
  "sensor/motion": { keys: ["motion/detected"], decode: trueFalse },
  "sensor/lux": { keys: ["ambient/illuminance"], decode: readDecimal },
  "sensor/state": {
    keys: ["contact/open"],
    decode: (text) => (text === "open" ? true : text === "close" ? false : undefined),
  },
  "sensor/tilt": { keys: ["contact/tilt"], affordance: { type: "number", unit: "°" }, decode: readDecimal },
  "sensor/vibration": { keys: ["contact/vibration"], affordance: { type: "boolean" }, decode: trueFalse },
  "sensor/gas": {
    keys: ["gas/alarm"],
    affordance: { type: "string", enum: ["unknown", "none", "mild", "heavy", "test"] },
    decode: (text) => text,
  },
  "sensor/concentration": {
    keys: ["gas/concentration"],
    affordance: { type: "number", unit: "ppm" },
    decode: readDecimal,
  },
};

/** Members of `status` of the motion sensors. */
const STATUS: Readonly<
  Record<string, Pick<Sensor, "affordance" | "keys"> & { decode: (found: Json) => Json | undefined }>
> = {
  motion: { keys: ["motion/detected"], decode: asFlag },
  vibration: { keys: ["motion/vibration"], affordance: { type: "boolean" }, decode: asFlag },
  lux: { keys: ["ambient/illuminance"], decode: asNumber },
  bat: { keys: ["battery/level"], decode: asNumber },
};

function addSensor(shape: DeviceShape, topics: Gen1Topics, name: string): void {
  const [, quantity = "", index = ""] = /^ext_(temperature|humidity)\/(\d)$/.exec(name) ?? [];
  if (index !== "") {
    const keys = [`air/${quantity}`, `probe-${Number(index) + 1}/${quantity}`];
    shape.add({ keys, reads: topics.reads(name, readDecimal) });
  } else if (name === "tmp") {
    shape.add({ keys: ["air/temperature"], reads: topics.readsAt("status", ["tmp", "value"], asNumber) });
  } else if (Object.hasOwn(STATUS, name)) {
    const { decode, ...part } = STATUS[name] ?? { keys: [], decode: asNumber };
    shape.add({ ...part, reads: topics.readsAt("status", [name], decode) });
  } else {
    const { decode, ...part } = SENSORS[name] ?? { keys: [], decode: readDecimal };
    shape.add({ ...part, reads: topics.reads(name, decode) });
  }
}

function scaled(number: number | undefined, per: number): number | undefined {
  return number === undefined ? undefined : number / per;
}
