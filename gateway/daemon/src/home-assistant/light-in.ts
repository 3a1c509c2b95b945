import { isJsonObject, type Json, type PropertyAffordance, readDecimal } from "@tram/protocol";
import { homieColor, isSameColor, isSameKelvin, partsOfColor } from "../foreign/color.ts";
import { parseJson } from "../foreign/json-payload.ts";
import { type Builder, type EntityProperty, percent, scaled } from "./entity-builder.ts";
import { COLOR, fromKelvin, temperature, toKelvin } from "./light-parts.ts";
import { lightTemplateIn } from "./light-template-in.ts";
import type { Options } from "./options.ts";

/** A light of one of the three schemas: topics for each part, JSON in one topic, or templates. */
export function lightIn(make: Builder, options: Options): readonly EntityProperty[] {
  switch (options.word("schema", "default")) {
    case "default":
    case "basic":
      return basic(make, options);
    case "json":
      return json(make, options);
    case "template":
      return lightTemplateIn(make, options);
    default:
      options.problem("schema", "expected default, json or template");
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
      parse: (text) => toKelvin(readDecimal(text), kelvin),
      print: (value) => String(fromKelvin(Number(value), kelvin)),
      isSame: isSameKelvin,
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
        const parts = text.split(",", 5).map(readDecimal);
        return areNumbers(parts) ? homieColor(kind, parts) : undefined;
      },
      print: (value) => partsOfColor(String(value), kind).join(","),
      isSame: isSameColor,
      variables: (printed) =>
        Object.fromEntries(printed.split(",").map((part, index) => [variables[index] ?? "", Number(part)])),
    });
  }
  return [];
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
    isSame?: (wanted: Json, reported: Json) => boolean,
  ): readonly EntityProperty[] =>
    make.property(role, affordance, {
      state: "state_topic",
      command: "command_topic",
      standardKey,
      whole: true,
      parse: (text) => parseObject(text, parse),
      print: (value) => JSON.stringify(print(value)),
      ...(isSame === undefined ? {} : { isSame }),
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
          isSameKelvin,
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
          isSameColor,
        )),
  ];
}

function parseObject(
  text: string,
  parse: (object: Readonly<Record<string, unknown>>) => Json | undefined,
): Json | undefined {
  const object = parseJson(text);
  return isJsonObject(object) ? parse(object) : undefined;
}

function colorOfJson(found: unknown): string | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const { b, g, h, r, s, x, y } = found as Record<string, unknown>;
  const [rgb, hs, xy] = [
    [r, g, b],
    [h, s],
    [x, y],
  ];
  if (areNumbers(rgb)) return homieColor("rgb", rgb);
  if (areNumbers(hs)) return homieColor("hsv", hs);
  return areNumbers(xy) ? homieColor("xyz", xy) : undefined;
}

function areNumbers(list: readonly unknown[]): list is readonly number[] {
  return list.every((each) => typeof each === "number" && Number.isFinite(each));
}

function jsonOfColor(color: string, mode: "rgb" | "hs" | "xy"): Readonly<Record<string, number>> {
  const kind = mode === "hs" ? "hsv" : mode === "xy" ? "xyz" : "rgb";
  const [a = 0, b = 0, c = 0] = partsOfColor(color, kind);
  if (mode === "rgb") return { r: a, g: b, b: c };
  return mode === "hs" ? { h: a, s: b } : { x: a, y: b };
}
