import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import type { DataSchema } from "../thing.ts";
import { areValueSchemas, isValueSchema, VALUE_SCHEMA_LIMITS, type ValueSchema } from "../value-schema.ts";

/** Homie 5.0 "Formats": without a schema that can be read, a `json` property is an array or an object. */
const ANY: DataSchema = { type: "object", orArray: true };

/** Longest schema that is read, in characters. */
const LIMIT_CHARACTERS = 16_384;

/**
 * Reads the JSON Schema in the `format` of a `json` property: the part of it that `ValueSchema` has. What it does not
 * have is left out so that the rest allows more, never less: Homie 5.0 "JSON considerations" asks to skip what cannot be
 * read. Nothing that comes from outside is a pattern or a reference to follow.
 */
export function readJsonFormat(format: string | undefined): DataSchema {
  if (format === undefined || format.length > LIMIT_CHARACTERS) return ANY;
  let document: unknown;
  try {
    document = JSON.parse(format);
  } catch {
    return ANY;
  }
  const schema = readSchema(document, VALUE_SCHEMA_LIMITS.levels);
  if (schema?.type !== "object" && schema?.type !== "array") return ANY;
  const { type, properties, required, items, minItems, maxItems } = schema;
  // It may still have too many parts.
  if (properties !== undefined && !areValueSchemas(properties)) return { type };
  if (items !== undefined && !isValueSchema(items)) return { type };
  return type === "object"
    ? {
        type,
        ...(properties === undefined ? {} : { properties }),
        ...(required === undefined ? {} : { required: [...required] }),
      }
    : {
        type,
        ...(items === undefined ? {} : { items }),
        ...(minItems === undefined ? {} : { minItems }),
        ...(maxItems === undefined ? {} : { maxItems }),
      };
}

/** Writes the `format` of a `json` property; `undefined` where it may be any array or object. */
export function writeJsonFormat(schema: DataSchema): string | undefined {
  if (schema.orArray === true) return undefined;
  const { type, properties, required, items, minItems, maxItems } = schema;
  return JSON.stringify(
    type === "object" ? { type, properties, required } : { type, items, minItems, maxItems },
  );
}

/** Levels below `levels`, and whatever has no type of its own, may be anything. */
function readSchema(document: unknown, levels: number): ValueSchema | undefined {
  // A `$ref` stands for all of its schema in draft 7.
  if (levels === 0 || !isJsonObject(document) || Object.hasOwn(document, "$ref")) return undefined;
  const type = TYPES.find((each) => each === document.type);
  if (type === undefined) return undefined;
  switch (type) {
    case "object":
      return { type, ...annotations(document), ...readObject(document, levels) };
    case "array":
      return { type, ...annotations(document), ...readArray(document, levels) };
    case "integer":
    case "number":
      return {
        type,
        ...annotations(document),
        ...numbers(document, ["minimum", "maximum"], Number.isFinite),
      };
    case "string":
      return {
        type,
        ...annotations(document),
        ...readEnum(document.enum),
        ...numbers(document, ["minLength", "maxLength"], isSize),
      };
    default:
      return { type, ...annotations(document) };
  }
}

const TYPES = ["boolean", "integer", "number", "string", "object", "array", "null"] as const;

function readObject(document: JsonObject, levels: number): Pick<ValueSchema, "properties" | "required"> {
  const parts = isJsonObject(document.properties)
    ? Object.entries(document.properties).flatMap(([key, part]) => {
        const schema = isShort(key) ? readSchema(part, levels - 1) : undefined;
        return schema === undefined ? [] : [[key, schema] as const];
      })
    : [];
  const required = texts(document.required);
  return {
    ...(parts.length === 0 ? {} : { properties: Object.fromEntries(parts) }),
    ...(required === undefined ? {} : { required }),
  };
}

function readArray(
  document: JsonObject,
  levels: number,
): Pick<ValueSchema, "items" | "minItems" | "maxItems"> {
  // Beside `prefixItems` (2020-12), and as a list (before), `items` is not what each entry looks like.
  const items = Object.hasOwn(document, "prefixItems") ? undefined : readSchema(document.items, levels - 1);
  return {
    ...(items === undefined ? {} : { items }),
    ...numbers(document, ["minItems", "maxItems"], isSize),
  };
}

function readEnum(values: Json | undefined): Pick<ValueSchema, "enum"> {
  const read = texts(values);
  return read === undefined || read.length === 0 ? {} : { enum: read };
}

function annotations(document: JsonObject): Pick<ValueSchema, "title" | "description" | "unit"> {
  const words = (["title", "description", "unit"] as const).filter((key) => isShort(document[key]));
  return Object.fromEntries(words.map((key) => [key, document[key]]));
}

function numbers<Key extends string>(
  document: JsonObject,
  keys: readonly Key[],
  fits: (value: unknown) => boolean,
): Partial<Record<Key, number>> {
  const found: Partial<Record<Key, number>> = {};
  for (const key of keys) {
    const value = document[key];
    if (typeof value === "number" && fits(value)) found[key] = value;
  }
  return found;
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value.length <= VALUE_SCHEMA_LIMITS.characters;
}

/** All of them, or none: a part of a list would allow less. */
function texts(value: Json | undefined): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > VALUE_SCHEMA_LIMITS.values)
    return undefined;
  const found = value.filter(isShort);
  return found.length === value.length ? found : undefined;
}
