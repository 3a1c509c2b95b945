import type { Json, PropertyAffordance } from "@tram/protocol";
import { type Builder, type EntityProperty, percent, scaled } from "./entity-builder.ts";
import type { Options } from "./options.ts";

const COLOR: PropertyAffordance = { type: "string", format: "color", title: "Colour" };
const ROOM = { kelvin: { min: 2_000, max: 6_535 }, mireds: { min: 153, max: 500 } } as const;

/** A light of one of the three schemas: topics for each part, JSON in one topic, or templates (which are not supported). */
export function lightIn(make: Builder, options: Options): readonly EntityProperty[] {
  switch (options.word("schema", "default")) {
    case "default":
    case "basic":
      return basic(make, options);
    case "json":
      return json(make, options);
    default:
      options.problem("schema", "expected default or json");
      return [];
  }
}

function basic(make: Builder, options: Options): readonly EntityProperty[] {
  const scale = options.number("brightness_scale") ?? 255;
  const kelvin = options.flag("color_temp_kelvin");
  return [
    ...make.onOff("on", { standardKey: "light/on", names: { stateTemplate: "state_value_template" } }),
    ...make.property("brightness", percent("Brightness"), {
      state: "brightness_state_topic",
      stateTemplate: "brightness_value_template",
      command: "brightness_command_topic",
      commandTemplate: "brightness_command_template",
      standardKey: "light/brightness",
      ...scaled(0, scale),
    }),
    ...make.property("color-temperature", temperature(options, kelvin), {
      state: "color_temp_state_topic",
      stateTemplate: "color_temp_value_template",
      command: "color_temp_command_topic",
      commandTemplate: "color_temp_command_template",
      standardKey: "light/color-temperature",
      parse: (text) => toKelvin(Number(text), kelvin),
      print: (value) => String(fromKelvin(Number(value), kelvin)),
    }),
    ...color(make, options),
  ];
}

/** The first way to a colour that the light has. */
function color(make: Builder, options: Options): readonly EntityProperty[] {
  for (const [word, kind, variables] of [
    ["rgb", "rgb", ["red", "green", "blue"]],
    ["hs", "hsv", ["hue", "sat"]],
    ["xy", "xyz", ["x", "y"]],
  ] as const) {
    if (
      options.topic(`${word}_command_topic`) === undefined &&
      options.topic(`${word}_state_topic`) === undefined
    ) {
      continue;
    }
    return make.property("color", COLOR, {
      state: `${word}_state_topic`,
      stateTemplate: `${word}_value_template`,
      command: `${word}_command_topic`,
      commandTemplate: `${word}_command_template`,
      standardKey: "light/color",
      parse: (text) => {
        const parts = text.split(",").map(Number);
        if (parts.some((part) => !Number.isFinite(part))) return undefined;
        return homieColor(kind, parts);
      },
      print: (value) => partsOf(String(value), kind).join(","),
      variables: (printed) =>
        Object.fromEntries(printed.split(",").map((part, index) => [variables[index] ?? "", Number(part)])),
    });
  }
  return [];
}

/** Homie 5.0 "Color" of the parts that Home Assistant has: red, green, blue; hue and saturation; x and y. */
function homieColor(kind: "rgb" | "hsv" | "xyz", [a = 0, b = 0, c = 0]: readonly number[]): string {
  if (kind === "rgb") return `rgb,${Math.round(a)},${Math.round(b)},${Math.round(c)}`;
  if (kind === "hsv") return `hsv,${Math.round(a)},${Math.round(b)},100`;
  return `xyz,${a},${b}`;
}

/** The same back, from whatever form the colour is given in. */
function partsOf(color: string, kind: "rgb" | "hsv" | "xyz"): readonly number[] {
  const [form, ...numbers] = color.split(",");
  const parts = numbers.map(Number);
  if (form === kind) return kind === "rgb" ? parts : parts.slice(0, 2);
  const rgb = form === "rgb" ? parts : form === "hsv" ? rgbOfHsv(parts) : rgbOfXy(parts);
  if (kind === "rgb") return rgb.map(Math.round);
  return kind === "hsv" ? hsOfRgb(rgb) : xyOfRgb(rgb);
}

function rgbOfHsv([hue = 0, saturation = 0, value = 100]: readonly number[]): readonly number[] {
  const chroma = (value / 100) * (saturation / 100);
  const channel = (offset: number): number => {
    const k = (offset + hue / 60) % 6;
    return 255 * (value / 100 - chroma * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

function hsOfRgb([red = 0, green = 0, blue = 0]: readonly number[]): readonly number[] {
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  if (span === 0) return [0, 0];
  const sixth =
    most === red
      ? ((green - blue) / span + 6) % 6
      : most === green
        ? (blue - red) / span + 2
        : (red - green) / span + 4;
  return [Math.round(sixth * 60) % 360, Math.round((span / most) * 100)];
}

/** sRGB and CIE 1931 with the white of D65 (IEC 61966-2-1), at full brightness. */
function xyOfRgb(rgb: readonly number[]): readonly number[] {
  const [red = 0, green = 0, blue = 0] = rgb.map((part) => linear(part / 255));
  const x = 0.4124 * red + 0.3576 * green + 0.1805 * blue;
  const y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const z = 0.0193 * red + 0.1192 * green + 0.9505 * blue;
  const sum = x + y + z;
  return sum === 0 ? [0.3127, 0.329] : [round4(x / sum), round4(y / sum)];
}

function rgbOfXy([x = 0.3127, y = 0.329]: readonly number[]): readonly number[] {
  if (y === 0) return [255, 255, 255];
  const [bigX, bigZ] = [x / y, (1 - x - y) / y];
  const parts = [
    3.2406 * bigX - 1.5372 - 0.4986 * bigZ,
    -0.9689 * bigX + 1.8758 + 0.0415 * bigZ,
    0.0557 * bigX - 0.204 + 1.057 * bigZ,
  ].map((part) => Math.max(0, part));
  const most = Math.max(...parts);
  return parts.map((part) => Math.round(255 * gamma(most === 0 ? 1 : part / most)));
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function gamma(part: number): number {
  return part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055;
}

function round4(number: number): number {
  return Math.round(number * 10_000) / 10_000;
}

function temperature(options: Options, kelvin: boolean): PropertyAffordance {
  const [least, most] = kelvin
    ? [options.number("min_kelvin") ?? ROOM.kelvin.min, options.number("max_kelvin") ?? ROOM.kelvin.max]
    : [
        toKelvin(options.number("max_mireds") ?? ROOM.mireds.max, false),
        toKelvin(options.number("min_mireds") ?? ROOM.mireds.min, false),
      ];
  return {
    type: "integer",
    unit: "K",
    ...(least === undefined ? {} : { minimum: Math.floor(least) }),
    ...(most === undefined ? {} : { maximum: Math.ceil(most) }),
    title: "Colour temperature",
  };
}

/** Mireds are a million divided by kelvins, both ways. */
function toKelvin(number: number, kelvin: boolean): number | undefined {
  if (!Number.isFinite(number) || number <= 0) return undefined;
  return Math.round(kelvin ? number : 1e6 / number);
}

function fromKelvin(value: number, kelvin: boolean): number {
  return kelvin ? value : Math.round(1e6 / value);
}

/** One topic, one JSON object: `{"state":"ON","brightness":254,"color_temp":370,"color":{"x":0.4,"y":0.4}}`. */
function json(make: Builder, options: Options): readonly EntityProperty[] {
  const modes = options.list("supported_color_modes");
  const scale = options.number("brightness_scale") ?? 255;
  const kelvin = options.flag("color_temp_kelvin");
  const dimmable = options.flag("brightness") || modes.some((mode) => mode !== "onoff");
  const tunable = modes.includes("color_temp") || options.flag("color_temp");
  const colors = (["rgb", "hs", "xy"] as const).find((mode) => modes.includes(mode));
  const level = scaled(0, scale);
  const part = (
    role: string,
    affordance: PropertyAffordance,
    standardKey: string,
    parse: (object: Readonly<Record<string, unknown>>) => Json | undefined,
    print: (value: Json) => Readonly<Record<string, unknown>>,
  ): readonly EntityProperty[] =>
    make.property(role, affordance, {
      state: "state_topic",
      command: "command_topic",
      standardKey,
      whole: true,
      parse: (text) => parseObject(text, parse),
      print: (value) => JSON.stringify(print(value)),
    });
  return [
    ...part(
      "on",
      { type: "boolean" },
      "light/on",
      ({ state }) => (state === "ON" ? true : state === "OFF" ? false : undefined),
      (value) => ({ state: value === true ? "ON" : "OFF" }),
    ),
    ...(dimmable
      ? part(
          "brightness",
          percent("Brightness"),
          "light/brightness",
          ({ brightness }) =>
            typeof brightness === "number" ? level.parse?.(String(brightness)) : undefined,
          (value) => ({ state: "ON", brightness: Number(level.print?.(value)) }),
        )
      : []),
    ...(tunable
      ? part(
          "color-temperature",
          temperature(options, kelvin),
          "light/color-temperature",
          ({ color_temp }) => (typeof color_temp === "number" ? toKelvin(color_temp, kelvin) : undefined),
          (value) => ({ state: "ON", color_temp: fromKelvin(Number(value), kelvin) }),
        )
      : []),
    ...(colors === undefined
      ? []
      : part(
          "color",
          COLOR,
          "light/color",
          ({ color: found }) => colorOfJson(found),
          (value) => ({ state: "ON", color: jsonOfColor(String(value), colors) }),
        )),
  ];
}

function parseObject(
  text: string,
  parse: (object: Readonly<Record<string, unknown>>) => Json | undefined,
): Json | undefined {
  try {
    const object: unknown = JSON.parse(text);
    return typeof object === "object" && object !== null
      ? parse(object as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function colorOfJson(found: unknown): string | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const { b, g, h, r, s, x, y } = found as Record<string, unknown>;
  if (areNumbers([r, g, b])) return homieColor("rgb", [r, g, b] as number[]);
  if (areNumbers([h, s])) return homieColor("hsv", [h, s] as number[]);
  return areNumbers([x, y]) ? homieColor("xyz", [x, y] as number[]) : undefined;
}

function areNumbers(list: readonly unknown[]): boolean {
  return list.every((each) => typeof each === "number" && Number.isFinite(each));
}

function jsonOfColor(color: string, mode: "rgb" | "hs" | "xy"): Readonly<Record<string, number>> {
  const kind = mode === "hs" ? "hsv" : mode === "xy" ? "xyz" : "rgb";
  const [a = 0, b = 0, c = 0] = partsOf(color, kind);
  if (mode === "rgb") return { r: a, g: b, b: c };
  return mode === "hs" ? { h: a, s: b } : { x: a, y: b };
}
