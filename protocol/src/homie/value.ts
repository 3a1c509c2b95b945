import type { Json } from "../json.ts";
import { checkValue, type DataSchema, type ValueCheck } from "../thing.ts";

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

const INTEGER = /^-?\d+$/;
const FLOAT = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const DATETIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/;
const DURATION =
  /^P(?!$)(?:\d+(?:\.\d+)?Y)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?D)?(?:T(?=\d)(?:\d+(?:\.\d+)?H)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?S)?)?$/;
const COLOR = /^(?:rgb,\d{1,3},\d{1,3},\d{1,3}|hsv,\d{1,3},\d{1,3},\d{1,3}|xyz,\d(?:\.\d+)?,\d(?:\.\d+)?)$/;

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
      if (schema.enum !== undefined) return "enum";
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
      return refuse(`expected true or false, found ${quote(payload)}`);
    case "integer":
      if (!INTEGER.test(payload)) return refuse(`expected an integer, found ${quote(payload)}`);
      return checkValue(schema, Number(payload));
    case "float":
      if (!FLOAT.test(payload)) return refuse(`expected a number, found ${quote(payload)}`);
      return checkValue(schema, Number(payload));
    case "enum":
    case "string":
      return checkValue(schema, payload === EMPTY_STRING ? "" : payload);
    case "color":
      return matched(COLOR, payload, "a colour such as rgb,255,100,0");
    case "datetime":
      return matched(DATETIME, payload, "an ISO 8601 date and time");
    case "duration":
      return matched(DURATION, payload, "an ISO 8601 duration such as PT12H5M46S");
    case "json":
      return decodeJson(schema, payload);
  }
}

/** Writes a value as an MQTT payload. The value must have passed `checkValue` for this schema. */
export function encodeHomieValue(schema: DataSchema, value: Json): string {
  if (typeof value === "string") return value === "" ? EMPTY_STRING : value;
  if (schema.type === "object" || schema.type === "array") return JSON.stringify(value);
  return String(value);
}

function decodeJson(schema: DataSchema, payload: string): ValueCheck {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (error) {
    return refuse(`expected JSON: ${(error as Error).message}`);
  }
  return checkValue(schema, value as Json);
}

function matched(pattern: RegExp, payload: string, expected: string): ValueCheck {
  return pattern.test(payload)
    ? { ok: true, value: payload }
    : refuse(`expected ${expected}, found ${quote(payload)}`);
}

function refuse(problem: string): ValueCheck {
  return { ok: false, problem };
}

function quote(payload: string): string {
  return JSON.stringify(payload.length > 60 ? `${payload.slice(0, 60)}…` : payload);
}
