import { type Static, Type } from "typebox";
import { COLOR_FORMATS, isColor } from "./color.ts";
import { ID_PATTERN } from "./ids.ts";
import { isJson, type Json } from "./json.ts";
import { ManualHold, SafeState } from "./safe-state.ts";
import { show } from "./schema-problem.ts";
import { missesFormat } from "./value-format.ts";
import {
  areValueSchemas,
  isValueSchema,
  partProblem,
  VALUE_SCHEMA_LIMITS,
  type ValueSchema,
  type ValueSchemas,
} from "./value-schema.ts";

/**
 * The strict JSON subset of W3C WoT Thing Description 1.1 that Tram stores: plain terms only, no JSON-LD processing,
 * one type per property. `forms` and `security` are added when a Thing is served, never stored.
 */
const Text = Type.String({ maxLength: 256 });
/** Without this, a record takes any value under a key that does not match its pattern. */
const Closed = { additionalProperties: false } as const;
const Titles = Type.Record(Type.String({ pattern: "^[a-z]{2}(?:-[A-Za-z0-9]+)*$" }), Text, Closed);

export const PROPERTY_KEY_PATTERN =
  "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?/[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$";

/** How many values an enumeration may have, and how long each may be. */
export const ENUM_LIMITS = { values: 256, characters: 128 } as const;

const PARTS = `schemas of at most ${VALUE_SCHEMA_LIMITS.parts} parts and ${VALUE_SCHEMA_LIMITS.levels} levels`;
const Count = Type.Optional(Type.Integer({ minimum: 0 }));

/** WoT TD 1.1 §5.3.2 DataSchema, narrowed, plus three terms of ours. */
export const DataSchema = Type.Object(
  {
    title: Type.Optional(Text),
    titles: Type.Optional(Titles),
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    type: Type.Enum(["boolean", "integer", "number", "string", "object", "array"]),
    /** UCUM-like symbol as people write it: `°C`, `%`, `lx`, `W`. */
    unit: Type.Optional(Type.String({ maxLength: 32 })),
    minimum: Type.Optional(Type.Number()),
    maximum: Type.Optional(Type.Number()),
    /** Step of the value, counted from `minimum` (from 0 without one). */
    multipleOf: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    enum: Type.Optional(
      Type.Array(Type.String({ maxLength: ENUM_LIMITS.characters }), {
        minItems: 1,
        maxItems: ENUM_LIMITS.values,
      }),
    ),
    /** JSON Schema `format`: `date-time`, `duration`, or `color`. */
    format: Type.Optional(Type.String({ maxLength: 64 })),
    /** Which of Homie's colour formats a `color` may have, the best first; all without it. */
    colorFormats: Type.Optional(
      Type.Array(Type.Enum([...COLOR_FORMATS]), { minItems: 1, maxItems: 3, uniqueItems: true }),
    ),
    /** What `false` and `true` mean: `["closed", "open"]`. */
    labels: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 2, maxItems: 2 }),
    ),
    /** An `object` that may as well be an array. */
    orArray: Type.Optional(Type.Boolean()),
    /** Of an `object`. */
    properties: Type.Optional(
      Type.Refine(Type.Unsafe<ValueSchemas>({ type: "object" }), areValueSchemas, () => `must be ${PARTS}`),
    ),
    required: Type.Optional(
      Type.Array(Type.String({ maxLength: VALUE_SCHEMA_LIMITS.characters }), {
        maxItems: VALUE_SCHEMA_LIMITS.values,
      }),
    ),
    /** Of an `array`. */
    items: Type.Optional(
      Type.Refine(Type.Unsafe<ValueSchema>({ type: "object" }), isValueSchema, () => `must be ${PARTS}`),
    ),
    minItems: Count,
    maxItems: Count,
  },
  { additionalProperties: false },
);
export type DataSchema = Static<typeof DataSchema>;

/** WoT TD 1.1 §5.3.1.3 PropertyAffordance, plus terms of ours. */
export const PropertyAffordance = Type.Object(
  {
    ...DataSchema.properties,
    readOnly: Type.Optional(Type.Boolean()),
    /** The property takes commands and never reports: its commands end at `sent`. */
    writeOnly: Type.Optional(Type.Boolean()),
    observable: Type.Optional(Type.Boolean()),
    /** An occurrence (a button press), not a state: never retained, never stale. */
    momentary: Type.Optional(Type.Boolean()),
    /** How long a command may wait for its confirmation, in milliseconds. */
    confirmMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 86_400_000 })),
    /** How often the device reports it, in milliseconds: after three times as long without news the value is stale. */
    reportMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 7 * 86_400_000 })),
    safe: Type.Optional(SafeState),
    hold: Type.Optional(ManualHold),
  },
  { additionalProperties: false },
);
export type PropertyAffordance = Static<typeof PropertyAffordance>;

export const ActionAffordance = Type.Object(
  {
    title: Type.Optional(Text),
    titles: Type.Optional(Titles),
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    input: Type.Optional(DataSchema),
  },
  { additionalProperties: false },
);
export type ActionAffordance = Static<typeof ActionAffordance>;

export const EventAffordance = Type.Object(
  {
    title: Type.Optional(Text),
    titles: Type.Optional(Titles),
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    data: Type.Optional(DataSchema),
  },
  { additionalProperties: false },
);
export type EventAffordance = Static<typeof EventAffordance>;

/** How much one Thing may describe: a bound on what a device can make the gateway keep. */
export const THING_LIMITS = { nodes: 512, properties: 512, actions: 64, events: 64 } as const;

export const Thing = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    title: Text,
    titles: Type.Optional(Titles),
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    /** Thing Model that this Thing follows, by name. */
    model: Type.Optional(Text),
    /** Id of the Thing that this one is a part of: Homie's parent. */
    parent: Type.Optional(Type.String({ pattern: ID_PATTERN })),
    /** Id of the topmost Thing, where that is not the parent: when its connection is lost, so are all below it. */
    root: Type.Optional(Type.String({ pattern: ID_PATTERN })),
    /** Titles of the nodes that group the properties. */
    nodes: Type.Optional(
      Type.Record(
        Type.String({ pattern: ID_PATTERN }),
        Type.Object({ title: Text, titles: Type.Optional(Titles) }, Closed),
        { ...Closed, maxProperties: THING_LIMITS.nodes },
      ),
    ),
    properties: Type.Record(Type.String({ pattern: PROPERTY_KEY_PATTERN }), PropertyAffordance, {
      ...Closed,
      maxProperties: THING_LIMITS.properties,
    }),
    actions: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), ActionAffordance, {
        ...Closed,
        maxProperties: THING_LIMITS.actions,
      }),
    ),
    events: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), EventAffordance, {
        ...Closed,
        maxProperties: THING_LIMITS.events,
      }),
    ),
  },
  { additionalProperties: false },
);
export type Thing = Static<typeof Thing>;

/** `ready` and `init`…`lost` are Homie's device states; `unknown` is ours, until the first is heard. */
export type Availability = "unknown" | "init" | "ready" | "disconnected" | "sleeping" | "lost";

/** True when a device in this state does not vouch for its values (a sleeping one does: it reports when it wakes). */
export function isAway(availability: Availability): boolean {
  return availability === "lost" || availability === "disconnected" || availability === "unknown";
}

export type ValueCheck =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: string };

/** How deep the value of an `object` or `array` property may nest. */
export const VALUE_LEVELS = 32;
/**
 * What a value may have, in characters: a text, and JSON as it is written. Each is held several times over, in memory and on
 * flash, for every property of every Thing.
 */
export const VALUE_CHARACTERS = { text: 4_096, json: 16_384 } as const;
/** A list of 256 words is no help, and is kept with the Thing. */
const PROBLEM_CHARACTERS = 300;

/**
 * Checks a value against a data schema and rounds it to the step.
 * Never coerces a type: `"31"` is not a number. Ranges are inclusive.
 */
export function checkValue(schema: DataSchema, value: Json): ValueCheck {
  const expected = schema.type;
  switch (expected) {
    case "boolean":
      return typeof value === "boolean" ? ok(value) : wrongType(expected, value);
    case "string":
      if (typeof value !== "string") return wrongType(expected, value);
      if (value.length > VALUE_CHARACTERS.text) return tooLong(VALUE_CHARACTERS.text, value.length);
      if (schema.enum !== undefined && !schema.enum.includes(value)) {
        return bad(`expected one of ${schema.enum.join(", ")}, found ${show(value)}`);
      }
      return checkFormat(schema, value);
    case "integer":
    case "number":
      return checkNumber(schema, value);
    case "array":
      return Array.isArray(value) ? checkParts(schema, value) : wrongType(expected, value);
    case "object":
      if (Array.isArray(value) && schema.orArray === true) return checkNesting(value);
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        return checkParts(schema, value);
      return wrongType(schema.orArray === true ? "object or array" : expected, value);
  }
}

function checkFormat(schema: DataSchema, value: string): ValueCheck {
  const { colorFormats } = schema;
  if (schema.format === "color" && colorFormats !== undefined && !isColor(value, colorFormats)) {
    return bad(`expected a colour as ${colorFormats.join(", ")}, found ${show(value)}`);
  }
  const expected = schema.format === undefined ? undefined : missesFormat(schema.format, value);
  return expected === undefined ? ok(value) : bad(`expected ${expected}, found ${show(value)}`);
}

function checkParts(schema: DataSchema, value: Json): ValueCheck {
  const nesting = checkNesting(value);
  if (!nesting.ok) return nesting;
  const problem = partProblem(schema, value);
  return problem === undefined ? nesting : bad(problem);
}

function checkNesting(value: Json): ValueCheck {
  if (!isJson(value, VALUE_LEVELS)) {
    return bad(`expected JSON of at most ${VALUE_LEVELS} levels, found ${show(value)}`);
  }
  const { length } = JSON.stringify(value);
  return length > VALUE_CHARACTERS.json ? tooLong(VALUE_CHARACTERS.json, length) : ok(value);
}

function tooLong(most: number, found: number): ValueCheck {
  return bad(`expected at most ${most} characters, found ${found}`);
}

function checkNumber(schema: DataSchema, value: Json): ValueCheck {
  if (typeof value !== "number" || !Number.isFinite(value)) return wrongType(schema.type, value);
  const rounded = roundToStep(schema, value);
  if (schema.type === "integer" && !Number.isSafeInteger(rounded)) return wrongType("integer", value);
  if (schema.minimum !== undefined && rounded < schema.minimum) {
    return bad(`expected at least ${schema.minimum}, found ${value}`);
  }
  if (schema.maximum !== undefined && rounded > schema.maximum) {
    return bad(`expected at most ${schema.maximum}, found ${value}`);
  }
  return ok(rounded === 0 ? 0 : rounded); // A sensor's `-0.0` is the zero that a rule compares with.
}

/**
 * Rounds to the schema's step (Homie 5.0, "numeric formats": the base of the step is the minimum, else the maximum,
 * else the current value; we take 0 there so that the result does not depend on history).
 */
export function roundToStep(schema: DataSchema, value: number): number {
  const step = schema.multipleOf;
  if (step === undefined) return value;
  const base = schema.minimum ?? schema.maximum ?? 0;
  const steps = Math.round((value - base) / step);
  // Beyond this the numbers lie further apart than the step.
  if (!Number.isSafeInteger(steps)) return value;
  const rounded = base + steps * step;
  // Binary fractions: 0.1 × 3 must read 0.3, so round to the digits that the step and the base are written with.
  const digits = Math.max(fractionDigits(step), fractionDigits(base));
  return Number(rounded.toFixed(Math.min(digits, 100)));
}

function fractionDigits(value: number): number {
  const text = String(value);
  const exponent = /e-(\d+)$/.exec(text);
  const dot = text.indexOf(".");
  const written = dot < 0 ? 0 : text.replace(/e.*$/, "").length - dot - 1;
  return written + (exponent === null ? 0 : Number(exponent[1]));
}

function ok(value: Json): ValueCheck {
  return { ok: true, value };
}

function bad(problem: string): ValueCheck {
  const long = problem.length > PROBLEM_CHARACTERS;
  return { ok: false, problem: long ? `${problem.slice(0, PROBLEM_CHARACTERS - 1)}…` : problem };
}

function wrongType(expected: string, value: Json): ValueCheck {
  return bad(`expected ${expected}, found ${show(value)}`);
}
