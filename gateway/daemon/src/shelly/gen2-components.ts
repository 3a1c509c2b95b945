import type { Json, PropertyAffordance } from "@tram/protocol";
import { homieColor, isSameColor, partsOfColor } from "../foreign/color.ts";
import { asFlag, asNumber } from "../foreign/json-payload.ts";

/** One value of a component. https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Introduction */
export interface Field {
  /** Where it is in the status of the component. */
  readonly path: readonly string[];
  /** Where the Thing Models keep it, or where else it is kept. */
  readonly key: string;
  readonly affordance?: Partial<PropertyAffordance>;
  readonly decode: (found: Json) => Json | undefined;
  readonly write?: {
    readonly method: string;
    readonly params: (value: Json) => Readonly<Record<string, unknown>>;
    readonly isSame?: (wanted: Json, reported: Json) => boolean;
  };
}

export interface Component {
  /** What its node is called where there are several: `relay-1`. */
  readonly node: string;
  readonly fields: readonly Field[];
}

function number(path: string, key: string, affordance?: Partial<PropertyAffordance>): Field {
  return {
    path: path.split("."),
    key,
    decode: asNumber,
    ...(affordance === undefined ? {} : { affordance }),
  };
}

function flag(path: string, key: string): Field {
  return { path: [path], key, affordance: { type: "boolean" }, decode: asFlag };
}

/** Energy is counted in watt-hours. */
function energy(path: string, key: string): Field {
  const decode = (found: Json): number | undefined => {
    const wattHours = asNumber(found);
    return wattHours === undefined ? undefined : wattHours / 1_000;
  };
  return { path: path.split("."), key, decode };
}

/** Whatever switches also measures, in the models that do. */
const MEASURED: readonly Field[] = [
  number("apower", "meter/power"),
  number("voltage", "meter/voltage"),
  number("current", "meter/current"),
  number("freq", "meter/frequency"),
  number("pf", "meter/power-factor"),
  energy("aenergy.total", "meter/energy"),
  energy("ret_aenergy.total", "meter/energy-exported"),
  number("temperature.tC", "device/temperature", {
    type: "number",
    unit: "°C",
    title: "Temperature of the device",
  }),
];

function output(method: string, key: string): Field {
  return { ...flag("output", key), write: { method, params: (on) => ({ on }) } };
}

function light(method: string, more: readonly Field[] = []): readonly Field[] {
  const brightness: Field = {
    ...number("brightness", "light/brightness", { type: "integer", unit: "%", minimum: 0, maximum: 100 }),
    write: { method, params: (value) => ({ brightness: value }) },
  };
  return [output(method, "light/on"), brightness, ...more, ...MEASURED];
}

function color(method: string): Field {
  return {
    path: ["rgb"],
    key: "light/color",
    affordance: { type: "string", format: "color", title: "Colour" },
    decode: (found) => {
      const parts = Array.isArray(found) ? found.map(asNumber) : [];
      return parts.length === 3 && parts.every((part): part is number => part !== undefined)
        ? homieColor("rgb", parts)
        : undefined;
    },
    write: { method, params: (value) => ({ rgb: partsOfColor(String(value), "rgb") }), isSame: isSameColor },
  };
}

const STATES: ReadonlySet<Json> = new Set(["open", "opening", "closed", "closing", "stopped"]);

const COVER: readonly Field[] = [
  {
    path: ["state"],
    key: "cover/state",
    // While it is calibrated it is somewhere.
    decode: (found) => (STATES.has(found) ? found : found === "calibrating" ? "stopped" : undefined),
  },
  {
    ...number("current_pos", "cover/position", { type: "integer", unit: "%", minimum: 0, maximum: 100 }),
    write: { method: "Cover.GoToPosition", params: (pos) => ({ pos }) },
  },
  ...MEASURED,
];

const PHASES = ["a", "b", "c"].flatMap((phase, index): readonly Field[] => {
  const like = `phase-${index + 1}`;
  return [
    number(`${phase}_act_power`, `${like}/power`),
    number(`${phase}_voltage`, `${like}/voltage`),
    number(`${phase}_current`, `${like}/current`),
    number(`${phase}_pf`, `${like}/power-factor`, { type: "number" }),
  ];
});

const percent = (found: Json): number | undefined => {
  const told = asNumber(found);
  return told === undefined ? undefined : Math.round(told);
};

/** By the word before the colon of its name: `switch:0`. Others are not Things, or are not known. */
export const COMPONENTS: Readonly<Record<string, Component>> = {
  switch: { node: "relay", fields: [output("Switch.Set", "switch/on"), ...MEASURED] },
  cover: { node: "cover", fields: COVER },
  light: { node: "light", fields: light("Light.Set") },
  rgb: { node: "rgb", fields: light("RGB.Set", [color("RGB.Set")]) },
  rgbw: { node: "rgbw", fields: light("RGBW.Set", [color("RGBW.Set")]) },
  cct: {
    node: "cct",
    fields: light("CCT.Set", [
      {
        ...number("ct", "light/color-temperature", {
          type: "integer",
          unit: "K",
          minimum: 2_700,
          maximum: 6_500,
        }),
        write: { method: "CCT.Set", params: (ct) => ({ ct }) },
      },
    ]),
  },
  input: {
    node: "input",
    fields: [
      flag("state", "input/active"),
      number("percent", "input/level", { type: "number", unit: "%" }),
      number("counts.total", "input/count", { type: "integer", minimum: 0 }),
    ],
  },
  temperature: { node: "temperature", fields: [number("tC", "air/temperature")] },
  humidity: { node: "humidity", fields: [number("rh", "air/humidity")] },
  illuminance: { node: "illuminance", fields: [number("lux", "ambient/illuminance")] },
  voltmeter: { node: "ain", fields: [number("voltage", "ain-1/voltage")] },
  smoke: { node: "smoke", fields: [flag("alarm", "smoke/detected")] },
  flood: { node: "leak", fields: [flag("alarm", "leak/detected")] },
  devicepower: {
    node: "battery",
    fields: [
      { path: ["battery", "percent"], key: "battery/level", decode: percent },
      number("battery.V", "battery/voltage"),
    ],
  },
  em: {
    node: "meter",
    fields: [number("total_act_power", "meter/power"), number("total_current", "meter/current"), ...PHASES],
  },
  emdata: {
    node: "meter",
    fields: [energy("total_act", "meter/energy"), energy("total_act_ret", "meter/energy-exported")],
  },
  em1: {
    node: "meter",
    fields: [
      number("act_power", "meter/power"),
      number("voltage", "meter/voltage"),
      number("current", "meter/current"),
      number("freq", "meter/frequency"),
      number("pf", "meter/power-factor"),
    ],
  },
  em1data: {
    node: "meter",
    fields: [
      energy("total_act_energy", "meter/energy"),
      energy("total_act_ret_energy", "meter/energy-exported"),
    ],
  },
  pm1: { node: "meter", fields: MEASURED },
};

/** https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Input#webhook-events */
export const PRESSES: Readonly<Record<string, string>> = {
  single_push: "press",
  double_push: "double-press",
  triple_push: "triple-press",
  long_push: "long-press",
  btn_down: "down",
  btn_up: "release",
};
