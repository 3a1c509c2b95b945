import { isJsonObject, type Json } from "./json.ts";
import { show } from "./schema-problem.ts";

/**
 * What a part of an `object` or `array` value looks like: the part of JSON Schema that W3C WoT TD 1.1 §5.3.2 takes over,
 * without what costs more than one look at each part of a value: no references, no regular expressions, no combinations.
 */
export interface ValueSchema {
  /** Absent where a part may be anything. */
  readonly type?: "boolean" | "integer" | "number" | "string" | "object" | "array" | "null";
  readonly title?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  /** In characters. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: ValueSchemas;
  readonly required?: readonly string[];
  readonly items?: ValueSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}
export type ValueSchemas = Readonly<Record<string, ValueSchema>>;

/** Bounds on what one property may describe of its parts. */
export const VALUE_SCHEMA_LIMITS = { levels: 8, parts: 128, values: 64, characters: 256 } as const;

const TYPES = new Set(["boolean", "integer", "number", "string", "object", "array", "null"]);
const NUMBERS = ["minimum", "maximum"] as const;
const SIZES = ["minLength", "maxLength", "minItems", "maxItems"] as const;
const TEXTS = ["title", "description", "unit"] as const;
const KEYWORDS: ReadonlySet<string> = new Set([
  ...["type", "enum", "properties", "required", "items"],
  ...NUMBERS,
  ...SIZES,
  ...TEXTS,
]);

/** Tells whether something is a schema of a part, within the limits. */
export function isValueSchema(candidate: unknown): candidate is ValueSchema {
  return isPart(candidate, VALUE_SCHEMA_LIMITS.levels, { left: VALUE_SCHEMA_LIMITS.parts });
}

/** Tells whether something is the `properties` of an object's schema, within the limits. */
export function areValueSchemas(candidate: unknown): candidate is ValueSchemas {
  return areParts(candidate, VALUE_SCHEMA_LIMITS.levels, { left: VALUE_SCHEMA_LIMITS.parts });
}

function areParts(candidate: unknown, levels: number, budget: { left: number }): boolean {
  if (!isJsonObject(candidate)) return false;
  return Object.entries(candidate).every(([key, part]) => isText(key) && isPart(part, levels, budget));
}

function isPart(candidate: unknown, levels: number, budget: { left: number }): boolean {
  if (!isJsonObject(candidate) || levels === 0 || --budget.left < 0) return false;
  const { type, enum: values, required, properties, items } = candidate;
  return (
    Object.keys(candidate).every((key) => KEYWORDS.has(key)) &&
    (type === undefined || (typeof type === "string" && TYPES.has(type))) &&
    TEXTS.every((key) => candidate[key] === undefined || isText(candidate[key])) &&
    NUMBERS.every((key) => candidate[key] === undefined || Number.isFinite(candidate[key])) &&
    SIZES.every((key) => candidate[key] === undefined || isSize(candidate[key])) &&
    (values === undefined || areTexts(values)) &&
    (required === undefined || areTexts(required)) &&
    (properties === undefined || areParts(properties, levels - 1, budget)) &&
    (items === undefined || isPart(items, levels - 1, budget))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= VALUE_SCHEMA_LIMITS.characters;
}

function isSize(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= VALUE_SCHEMA_LIMITS.values && value.every(isText);
}

/**
 * Checks a value against the schema of its parts. One look at each part of the value that the schema describes.
 * @param path of the value, for people; empty for the whole.
 * @returns what is wrong, with its path; `undefined` when nothing is.
 */
export function partProblem(schema: ValueSchema, value: Json, path = ""): string | undefined {
  const wrong = (expected: string): string =>
    `${path === "" ? "" : `${path}: `}expected ${expected}, found ${show(value)}`;
  if (!isOfType(schema.type, value)) return wrong(schema.type ?? "");
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum) return wrong(`at least ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum) return wrong(`at most ${schema.maximum}`);
  }
  if (typeof value === "string") {
    if (schema.enum !== undefined && !schema.enum.includes(value))
      return wrong(`one of ${schema.enum.join(", ")}`);
    const { minLength = 0, maxLength = Infinity } = schema;
    if (value.length < minLength) return wrong(`at least ${minLength} characters`);
    if (value.length > maxLength) return wrong(`at most ${maxLength} characters`);
  }
  if (Array.isArray(value)) return itemsProblem(schema, value, path) ?? undefined;
  return isJsonObject(value) ? membersProblem(schema, value, path) : undefined;
}

function isOfType(type: ValueSchema["type"], value: Json): boolean {
  switch (type) {
    case undefined:
      return true;
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isJsonObject(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function itemsProblem(schema: ValueSchema, value: readonly Json[], path: string): string | undefined {
  const { items, minItems = 0, maxItems = Infinity } = schema;
  const at = path === "" ? "" : `${path}: `;
  if (value.length < minItems) return `${at}expected at least ${minItems} entries, found ${value.length}`;
  if (value.length > maxItems) return `${at}expected at most ${maxItems} entries, found ${value.length}`;
  if (items === undefined) return undefined;
  for (const [index, item] of value.entries()) {
    const problem = partProblem(items, item, `${path}[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function membersProblem(
  schema: ValueSchema,
  value: { readonly [key: string]: Json },
  path: string,
): string | undefined {
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const missing = schema.required?.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `${at(missing)} is missing`;
  for (const [key, part] of Object.entries(schema.properties ?? {})) {
    const member = Object.hasOwn(value, key) ? value[key] : undefined;
    const problem = member === undefined ? undefined : partProblem(part, member, at(key));
    if (problem !== undefined) return problem;
  }
  return undefined;
}
