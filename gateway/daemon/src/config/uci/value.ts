import { isDeepStrictEqual } from "node:util";
import type { Json } from "@tram/protocol";
import type { TSchema } from "typebox";
import { showSetting } from "../secrets.ts";
import type { UciValue } from "./section.ts";

/** What is read of a JSON Schema to know how an option is written. */
interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly TSchema[];
  readonly items?: TSchema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A value of the configuration, or what is wrong with the option, without the option's path. */
export type Read = { readonly value: unknown } | { readonly problem: string };

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "on", "true", "yes", "enabled"].map((word) => [word, true] as const),
  ...["0", "off", "false", "no", "disabled"].map((word) => [word, false] as const),
]);
const INTEGER = /^-?\d{1,20}$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

/** Deeper JSON is no setting, and what comes after (YAML) goes down by recursion. */
const JSON_LEVELS = 64;

/**
 * Reads an option as its schema wants it. A list of one entry is that entry; one option is a list of it; a list with
 * nothing but an empty entry is the empty list. Objects are written as JSON.
 */
export function readValue(value: UciValue, schema: TSchema): Read {
  const shape = schema as Shape;
  if (shape.anyOf !== undefined) return firstOf(shape.anyOf, value, schema);
  if (shape.type === "array") return readArray(value, shape.items ?? ({} as TSchema));
  if (typeof value === "string") return readText(value, shape);
  const [only = ""] = value;
  if (value.length > 1) return { problem: `expected ${wanted(schema)}, found ${found(value)}` };
  return readText(only, shape);
}

/** What an option is expected to hold: `an integer from 0 to 65535`. */
export function wanted(schema: TSchema): string {
  const shape = schema as Shape;
  if (shape.anyOf !== undefined) return shape.anyOf.map(wanted).join(" or ");
  if (shape.enum !== undefined) return `one of ${shape.enum.map(String).join(", ")}`;
  if (shape.const !== undefined) return String(shape.const);
  switch (shape.type) {
    case "boolean":
      return "1 or 0";
    case "integer":
      return `an integer${range(shape)}`;
    case "number":
      return `a number${range(shape)}`;
    case "string":
      return "a single text";
    case "array":
      return `a list of: ${wanted(shape.items ?? ({} as TSchema))}`;
    case "object":
      return "a JSON object";
    default:
      return "JSON";
  }
}

/** The other way: how an option says a value. Undefined where UCI has no words for it. */
export function writeValue(value: unknown, schema: TSchema): UciValue | undefined {
  for (const form of (schema as Shape).anyOf ?? []) {
    const written = writeValue(value, form);
    const read = written === undefined ? undefined : readValue(written, schema);
    if (read !== undefined && "value" in read && isDeepStrictEqual(read.value, value)) return written;
  }
  if (Array.isArray(value) && (schema as Shape).type === "array") {
    const { items = {} as TSchema } = schema as Shape;
    const entries = value.map((item) => writeText(item, items));
    if (entries.length === 0) return [""];
    if (entries.length === 1 && entries[0] === "") return undefined;
    return entries.every((entry) => entry !== undefined) ? entries : undefined;
  }
  const text = writeText(value, schema);
  // An empty `option` is none; an empty entry of a list stays.
  return text === "" ? [""] : text;
}

function writeText(value: unknown, schema: TSchema): string | undefined {
  const text = plainText(value, schema);
  return text === undefined || text.includes("\0") || !text.isWellFormed() ? undefined : text;
}

function plainText(value: unknown, schema: TSchema): string | undefined {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "string" && !isJson(schema as Shape)) return value;
  return typeof value === "number" && !isJson(schema as Shape) ? String(value) : JSON.stringify(value);
}

function isJson({ type, enum: choices, const: only, anyOf }: Shape): boolean {
  return (
    choices === undefined &&
    only === undefined &&
    anyOf === undefined &&
    (type === undefined || type === "object")
  );
}

function firstOf(forms: readonly TSchema[], value: UciValue, whole: TSchema): Read {
  for (const form of forms) {
    const read = readValue(value, form);
    if ("value" in read) return read;
  }
  return { problem: `expected ${wanted(whole)}, found ${found(value)}` };
}

function readArray(value: UciValue, items: TSchema): Read {
  const entries = typeof value === "string" ? [value] : value;
  if (entries.length === 1 && entries[0] === "") return { value: [] };
  const result: unknown[] = [];
  for (const [index, entry] of entries.entries()) {
    const read = readText(entry, items as Shape);
    if ("problem" in read) return { problem: `entry ${index + 1}: ${read.problem}` };
    result.push(read.value);
  }
  return { value: result };
}

function readText(text: string, shape: Shape): Read {
  const schema = shape as TSchema;
  const wrong: Read = { problem: `expected ${wanted(schema)}, found ${found(text)}` };
  if (shape.anyOf !== undefined) return firstOf(shape.anyOf, text, schema);
  const choices = shape.enum ?? (shape.const === undefined ? undefined : [shape.const]);
  if (choices !== undefined) {
    const choice = choices.find((value) => String(value) === text);
    return choice === undefined ? wrong : { value: choice };
  }
  switch (shape.type) {
    case "boolean": {
      const value = BOOLEANS.get(text);
      return value === undefined ? wrong : { value };
    }
    case "integer":
    case "number": {
      const value = Number(text);
      const written = shape.type === "integer" ? INTEGER.test(text) : NUMBER.test(text);
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = shape;
      if (!written || !Number.isFinite(value) || value < minimum || value > maximum) return wrong;
      return { value };
    }
    case "string":
      return { value: text };
    default:
      return readJson(text, shape);
  }
}

/** Settings of modules may hold keys of radio networks: their text is never shown. */
function readJson(text: string, shape: Shape): Read {
  const expected = wanted(shape as TSchema);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return { problem: `expected ${expected}, found text that is not JSON` };
  }
  if (shape.type === "object" && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return { problem: `expected ${expected}, found other JSON` };
  }
  const problem = unfit(value);
  return problem === undefined ? { value } : { problem: `expected ${expected}, found ${problem}` };
}

/** What YAML, or an object of JavaScript, could not hold. Goes level by level: a stack may be shorter than the nesting. */
function unfit(root: Json): string | undefined {
  let level: Json[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > JSON_LEVELS) return `more than ${JSON_LEVELS} levels`;
    const next: Json[] = [];
    for (const value of level) {
      if (typeof value === "number" && !Number.isFinite(value)) return "a number that is too large";
      if (typeof value !== "object" || value === null) continue;
      if (Object.hasOwn(value, "__proto__")) return "a key `__proto__`";
      for (const inner of Object.values(value)) next.push(inner as Json);
    }
    level = next;
  }
  return undefined;
}

function found(value: UciValue): string {
  return showSetting(value, "");
}

function range({ minimum, maximum }: Shape): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? "" : ` of at most ${maximum}`;
}
