import { losesDigits } from "../decimal.ts";
import type { Json } from "../json.ts";
import { show } from "../schema-problem.ts";
import { checkValue, type DataSchema, VALUE_CHARACTERS, type ValueCheck } from "../thing.ts";
import { durationInHours } from "../value-format.ts";

/** Homie 5.0 "Payload": the datatypes of property values. */
export type HomieDatatype =
  | "integer"
  | "float"
  | "boolean"
  | "string"
  | "enum"
  | "color"
  | "datetime"
  | "duration"
  | "json";

/**
 * Homie 5.0 "Empty string values": MQTT deletes a retained topic on an empty payload, so the empty string travels as
 * one zero byte.
 */
const EMPTY_STRING = "\u0000";

/** Homie 5.0 "Integer". */
export const HOMIE_INTEGER = /^-?\d+$/;
/**
 * Homie 5.0 "Float": neither `NaN` nor `Infinity`, and no other base than ten. A `+` in the exponent is not of the
 * convention, but what C's `printf` writes.
 */
export const HOMIE_FLOAT = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The Homie datatype that carries values of a schema. */
export function homieDatatype(schema: DataSchema): HomieDatatype {
  switch (schema.type) {
    case "boolean":
      return "boolean";
    case "integer":
      return "integer";
    case "number":
      return "float";
    case "object":
    case "array":
      return "json";
    case "string":
      if (schema.enum !== undefined) return isHomieEnum(schema.enum) ? "enum" : "string";
      if (schema.format === "date-time") return "datetime";
      if (schema.format === "duration") return "duration";
      return schema.format === "color" ? "color" : "string";
  }
}

/**
 * Reads a property value from its MQTT payload and checks it against the schema.
 * @param payload the payload as UTF-8 text; the empty payload is not a value (it deletes the topic).
 */
export function decodeHomieValue(schema: DataSchema, payload: string): ValueCheck {
  if (payload === "") return refuse("an empty payload is not a value");
  const datatype = homieDatatype(schema);
  switch (datatype) {
    case "boolean":
      if (payload === "true" || payload === "false") return { ok: true, value: payload === "true" };
      return refuse(`expected true or false, found ${show(payload)}`);
    case "integer":
      if (!HOMIE_INTEGER.test(payload)) return refuse(`expected an integer, found ${show(payload)}`);
      if (losesDigits(payload)) {
        return refuse(`expected an integer of fewer digits, found ${show(payload)}`);
      }
      return checkValue(schema, Number(payload));
    case "float":
      if (!HOMIE_FLOAT.test(payload)) return refuse(`expected a number, found ${show(payload)}`);
      return checkValue(schema, Number(payload));
    case "enum":
    case "string":
      return checkValue(schema, payload === EMPTY_STRING ? "" : payload);
    case "color":
    case "datetime":
    case "duration":
      return checkValue(schema, payload);
    case "json":
      return decodeJson(schema, payload);
  }
}

/** Writes a value as an MQTT payload. The value must have passed `checkValue` for this schema. */
export function encodeHomieValue(schema: DataSchema, value: Json): string {
  if (typeof value === "string") {
    if (value === "") return EMPTY_STRING;
    return schema.format === "duration" ? durationInHours(value) : value;
  }
  if (schema.type === "object" || schema.type === "array") return JSON.stringify(value);
  return typeof value === "number" ? homieNumber(value) : String(value);
}

/** Homie 5.0 "Float": no `+`, also not in the exponent, where JavaScript writes one. */
export function homieNumber(value: number): string {
  return String(value).replace("e+", "e");
}

/** Homie 5.0 "Formats": values are separated by commas and are not empty, and none is there twice. */
function isHomieEnum(values: readonly string[]): boolean {
  return (
    new Set(values).size === values.length && values.every((value) => value !== "" && !value.includes(","))
  );
}

function decodeJson(schema: DataSchema, payload: string): ValueCheck {
  // Not worth reading: more than the longest value, and three times as much white space.
  if (payload.length > 4 * VALUE_CHARACTERS.json) {
    return refuse(`expected at most ${VALUE_CHARACTERS.json} characters, found ${payload.length}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (error) {
    return refuse(`expected JSON: ${(error as Error).message}`);
  }
  return checkValue(schema, value as Json);
}

function refuse(problem: string): ValueCheck {
  return { ok: false, problem };
}
