import type { Json } from "@tram/protocol";
import {
  homieColor,
  isSameColor,
  isSameKelvin,
  kelvinOfMired,
  miredOfKelvin,
  partsOfColor,
} from "../foreign/color.ts";
import type { DeviceShape } from "../foreign/device-shape.ts";
import { titleOf } from "../foreign/device-shape.ts";
import { asNumber } from "../foreign/json-payload.ts";
import { RELAY } from "./tasmota-config.ts";
import type { TasmotaTopics } from "./tasmota-device.ts";

/** `lt_st`. */
const LIGHT = { dimmer: 1, whites: 2, rgb: 3, rgbw: 4, rgbww: 5 } as const;

/** https://tasmota.github.io/docs/Commands/#light and /Lights/. */
export function addLights(shape: DeviceShape, topics: TasmotaTopics): void {
  const { byChannel, hasFan, lightType, linked, names, relays } = topics.config;
  const lights = relays.flatMap((relay, index) => (relay === RELAY.light ? [index + 1] : []));
  for (const [index, number] of lights.entries()) {
    const node = titleOf(names[number - 1]);
    const at = lights.length === 1 ? "light" : `light-${index + 1}`;
    const keys = (name: string): readonly string[] =>
      at === "light" ? [`light/${name}`] : [`${at}/${name}`];
    const add = (name: string, part: Omit<Parameters<DeviceShape["add"]>[0], "keys" | "node">): void =>
      shape.add({ keys: keys(name), node, ...part });
    add("on", { affordance: { type: "boolean" }, ...topics.power(number) });
    // The lamp of a ceiling fan is switched only.
    if (hasFan || lightType === 0) continue;
    const isSplit = !byChannel && !linked && lightType >= LIGHT.rgbw;
    const isWhitePart = isSplit && index === 1;
    const dimmer = byChannel ? `Channel${index + 1}` : isSplit ? `Dimmer${index + 1}` : "Dimmer";
    add("brightness", {
      affordance: { type: "integer", unit: "%", minimum: 0, maximum: 100, title: "Brightness" },
      reads: topics.state([dimmer], asNumber, [dimmer, "Dimmer", "Color", "HSBColor"]),
      write: topics.write(dimmer),
    });
    if (byChannel) continue;
    const hasWhites = lightType === LIGHT.whites || (lightType === LIGHT.rgbww && (!isSplit || isWhitePart));
    if (hasWhites) addWhites(topics, add);
    if (lightType >= LIGHT.rgb && !isWhitePart) addColor(topics, add, isSplit);
  }
}

type Add = (name: string, part: Omit<Parameters<DeviceShape["add"]>[0], "keys" | "node">) => void;

function addWhites(topics: TasmotaTopics, add: Add): void {
  const [least, most] = topics.config.narrowWhite ? [200, 380] : [153, 500];
  add("color-temperature", {
    affordance: {
      type: "integer",
      unit: "K",
      minimum: Math.floor(1e6 / most),
      maximum: Math.ceil(1e6 / least),
      title: "Colour temperature",
    },
    reads: topics.state(["CT"], (found) => kelvinOfMired(asNumber(found) ?? Number.NaN), ["CT", "Color"]),
    write: topics.write(
      "CT",
      (value) => String(Math.min(most, Math.max(least, miredOfKelvin(Number(value))))),
      isSameKelvin,
    ),
  });
}

function addColor(topics: TasmotaTopics, add: Add, isSplit: boolean): void {
  add("color", {
    affordance: { type: "string", format: "color", title: "Colour" },
    // `HSBColor` alone does not depend on how bright the light is.
    reads: topics.state(["HSBColor"], colorOfHsb, ["Color2", "HSBColor", "Dimmer"]),
    // `Color2` leaves it as bright as it is; `=` keeps the white part of a split light.
    write: topics.write(
      "Color2",
      (value) => `${partsOfColor(String(value), "rgb").join(",")}${isSplit ? "=" : ""}`,
      isSameColor,
    ),
  });
}

/** `"16,77,70"`: hue, saturation, brightness. */
function colorOfHsb(found: Json): string | undefined {
  const parts = typeof found === "string" ? found.split(",").map(Number) : [];
  const [hue = Number.NaN, saturation = Number.NaN] = parts;
  if (!(hue >= 0 && hue <= 360 && saturation >= 0 && saturation <= 100)) return undefined;
  return homieColor("rgb", partsOfColor(`hsv,${hue},${saturation},100`, "rgb"));
}
