import { decodeHomieValue, ENUM_LIMITS, type PropertyAffordance } from "@tram/protocol";
import type { Place } from "../foreign/described-devices.ts";
import { DeviceShape, titleOf } from "../foreign/device-shape.ts";
import type { ForeignDevice, ReadBinding } from "../foreign/foreign-device.ts";
import { SILENCE } from "../foreign/json-payload.ts";
import { type Attributes, homieProperties } from "./homie-attributes.ts";

/** Where the Thing Models keep what a property of this name measures, in this unit. */
const STANDARD: Readonly<Record<string, string>> = {
  "temperature °C": "air/temperature",
  "humidity %": "air/humidity",
  "pressure hPa": "air/pressure",
  "co2 ppm": "air/co2",
  "illuminance lx": "ambient/illuminance",
  "lux lx": "ambient/illuminance",
  "battery %": "battery/level",
  "power W": "meter/power",
  "voltage V": "meter/voltage",
  "current A": "meter/current",
  "energy kWh": "meter/energy",
};

/** Homie 4.0.0 "Device Lifecycle": `alert` and `sleeping` are there; `init` says neither. */
const THERE: Readonly<Record<string, boolean>> = {
  ready: true,
  alert: true,
  sleeping: true,
  disconnected: false,
  lost: false,
};

/** A device that speaks Homie 3 or 4, which is read and not commanded. @returns a sentence for what is none. */
export function homieLegacyDevice(
  device: string,
  attributes: Attributes,
  { id, owner, title }: Place,
): ForeignDevice | string {
  const found = homieProperties(attributes);
  if (found === undefined || typeof found === "string") return found ?? "something of it is missing";
  const shape = new DeviceShape();
  if (attributes.get("$nodes")?.includes("[]") === true) shape.problem("$nodes: arrays are not supported");
  for (const { node, property } of found) {
    const of = (name: string): string | undefined => attributes.get(`${node}/${property}/${name}`);
    const affordance = affordanceOf(of, shape);
    const standard = STANDARD[`${property} ${of("$unit") ?? ""}`];
    const isNumber = affordance.type === "number" || affordance.type === "integer";
    shape.add({
      keys: [...(standard !== undefined && isNumber ? [standard] : []), `${node}/${property}`],
      like: `${node}/${property}`,
      affordance,
      node: attributes.get(`${node}/$name`),
      reads: [{ topic: `homie/${device}/${node}/${property}`, decode: decoder(affordance, of("$format")) }],
    });
  }
  if (shape.properties.size === 0) shape.problem("it has no properties");
  const { nodes, problems, properties } = shape;
  const state = {
    topic: `homie/${device}/$state`,
    decode: (payload: string) => (Object.hasOwn(THERE, payload) ? THERE[payload] : undefined),
  };
  return { id, title, owner, nodes, properties, availability: [state], availabilityMode: "latest", problems };
}

/** Homie 4.0.0 "Property Attributes" and "Payload". */
function affordanceOf(of: (name: string) => string | undefined, shape: DeviceShape): PropertyAffordance {
  const title = titleOf(of("$name"));
  const unit = of("$unit")?.slice(0, 32);
  const common = {
    ...(title === undefined ? {} : { title }),
    ...(unit === undefined || unit === "" ? {} : { unit }),
    ...(of("$retained") === "false" ? { momentary: true } : {}),
  };
  const datatype = of("$datatype") ?? "string";
  switch (datatype) {
    case "integer":
      return { ...common, type: "integer", ...rangeOf(of("$format")) };
    case "float":
    case "percent":
      return { ...common, type: "number", ...rangeOf(of("$format")) };
    case "boolean":
      return { ...common, type: "boolean" };
    case "enum": {
      const values = [...new Set((of("$format") ?? "").split(",").map((each) => each.trim()))].filter(
        Boolean,
      );
      const fits =
        values.length <= ENUM_LIMITS.values && values.every((each) => each.length <= ENUM_LIMITS.characters);
      if (!fits) shape.problem("$format: expected fewer and shorter values");
      return { ...common, type: "string", ...(fits && values.length > 0 ? { enum: values } : {}) };
    }
    case "color":
      return { ...common, type: "string", format: "color" };
    case "datetime":
      return { ...common, type: "string", format: "date-time" };
    case "duration":
      return { ...common, type: "string", format: "duration" };
    case "string":
      return { ...common, type: "string" };
    default:
      shape.problem(`$datatype: ${datatype.slice(0, 32)} is not known`);
      return { ...common, type: "string" };
  }
}

/** `-20:120`. */
function rangeOf(format: string | undefined): Pick<PropertyAffordance, "maximum" | "minimum"> {
  const [, least, most] = /^(-?\d+(?:\.\d+)?):(-?\d+(?:\.\d+)?)$/.exec(format ?? "") ?? [];
  if (least === undefined || most === undefined || Number(least) > Number(most)) return {};
  return { minimum: Number(least), maximum: Number(most) };
}

/** Values are written as in Homie 5, but for colours, whose form is in `$format` alone. */
function decoder(affordance: PropertyAffordance, format: string | undefined): ReadBinding["decode"] {
  const form = affordance.format === "color" ? `${format === "hsv" ? "hsv" : "rgb"},` : "";
  return (payload) => (payload === "" ? SILENCE : decodeHomieValue(affordance, `${form}${payload}`));
}
