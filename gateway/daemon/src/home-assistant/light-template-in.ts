import { type Json, readDecimal } from "@tram/protocol";
import { homieColor, isSameColor, isSameKelvin, partsOfColor } from "../foreign/color.ts";
import type { Decoded } from "../foreign/foreign-device.ts";
import { type Builder, decoder, type EntityProperty, parserOf, percent, scaled } from "./entity-builder.ts";
import { COLOR, fromKelvin, temperature, toKelvin } from "./light-parts.ts";
import type { Options } from "./options.ts";
import type { Template } from "./template/template.ts";

/** What templates of a light know, in the units of Home Assistant: 0 to 255, and mireds or kelvins. */
type Variables = Readonly<Record<string, number | string>>;

/**
 * A light of the template schema: one topic and one template for each part that it tells, and one template that makes the
 * command of what is to change: https://www.home-assistant.io/integrations/light.mqtt/#template-schema
 */
export function lightTemplateIn(make: Builder, options: Options): readonly EntityProperty[] {
  const on = options.template("command_on_template");
  const off = options.template("command_off_template");
  for (const name of ["command_on_template", "command_off_template"]) {
    if (options.text(name) === undefined) options.problem(name, "expected a template");
  }
  if (on === undefined || off === undefined) return [];
  const kelvin = options.flag("color_temp_kelvin");
  const level = scaled(0, 255);
  const change = (variables: (value: Json) => Variables) => (value: Json) =>
    on.render({ state: "on", ...variables(value) });
  const part = (
    role: string,
    template: string,
    affordance: Parameters<Builder["templated"]>[1],
    {
      parse,
      variables,
      ...more
    }: {
      readonly parse: (text: string) => Json | undefined;
      readonly variables: (value: Json) => Variables;
      readonly standardKey: string;
      readonly isSame?: (wanted: Json, reported: Json) => boolean;
    },
  ): readonly EntityProperty[] => {
    const reading = options.template(template);
    if (reading === undefined) return [];
    return make.templated(role, affordance, {
      ...more,
      decode: decoder(reading, parse),
      encode: change(variables),
    });
  };
  const state = options.template("state_template");
  return [
    ...make.templated(
      "on",
      { type: "boolean" },
      {
        standardKey: "light/on",
        ...(state === undefined
          ? {}
          : {
              decode: decoder(state, (text) => (text === "on" ? true : text === "off" ? false : undefined)),
            }),
        encode: (value) => (value === true ? on.render({ state: "on" }) : off.render({ state: "off" })),
      },
    ),
    ...part("brightness", "brightness_template", percent("Brightness"), {
      standardKey: "light/brightness",
      parse: level.parse ?? parserOf({ type: "integer" }),
      variables: (value) => ({ brightness: Number(level.print?.(value)) }),
    }),
    ...part("color-temperature", "color_temp_template", temperature(options, kelvin), {
      standardKey: "light/color-temperature",
      parse: (text) => toKelvin(readDecimal(text), kelvin),
      variables: (value) => ({ color_temp: fromKelvin(Number(value), kelvin) }),
      isSame: isSameKelvin,
    }),
    ...color(make, options, change),
  ];
}

/** A colour is told by three templates. */
function color(
  make: Builder,
  options: Options,
  change: (variables: (value: Json) => Variables) => (value: Json) => ReturnType<Template["render"]>,
): readonly EntityProperty[] {
  const readings = ["red_template", "green_template", "blue_template"].map((name) => options.template(name));
  if (!readings.every((each): each is Template => each !== undefined)) return [];
  const channels = readings.map((each) => decoder(each, parserOf({ type: "number" })));
  const decode = (payload: string): Decoded => {
    const parts: number[] = [];
    for (const channel of channels) {
      const decoded = channel(payload);
      if (!decoded.ok || typeof decoded.value !== "number") return decoded;
      parts.push(decoded.value);
    }
    return { ok: true, value: homieColor("rgb", parts) };
  };
  const encode = change((value) => {
    const [red = 0, green = 0, blue = 0] = partsOfColor(String(value), "rgb");
    const [hue = 0, sat = 0] = partsOfColor(String(value), "hsv");
    return { red, green, blue, hue, sat };
  });
  return make.templated("color", COLOR, { standardKey: "light/color", decode, encode, isSame: isSameColor });
}
