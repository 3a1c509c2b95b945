import { type Static, Type } from "typebox";
import { ID_PATTERN } from "./ids.ts";
import type { Json } from "./json.ts";

/**
 * The strict JSON subset of W3C WoT Thing Description 1.1 that Tram stores: plain terms only, no JSON-LD processing,
 * one type per property. `forms` and `security` are added when a Thing is served, never stored.
 */
const Text = Type.String({ maxLength: 256 });
const Titles = Type.Record(Type.String({ pattern: "^[a-z]{2}(?:-[A-Za-z0-9]+)*$" }), Text);

export const PROPERTY_KEY_PATTERN =
  "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?/[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$";

/** WoT TD 1.1 §5.3.2 DataSchema, narrowed. */
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
    enum: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { minItems: 1, maxItems: 256 })),
    /** JSON Schema `format`: `date-time`, `duration`, or `color`. */
    format: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type DataSchema = Static<typeof DataSchema>;

/** WoT TD 1.1 §5.3.1.3 PropertyAffordance, plus two terms of ours. */
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
export const THING_LIMITS = { properties: 512, actions: 64, events: 64 } as const;

export const Thing = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    title: Text,
    titles: Type.Optional(Titles),
    description: Type.Optional(Type.String({ maxLength: 1024 })),
    /** Thing Model that this Thing follows, by name. */
    model: Type.Optional(Text),
    /** Titles of the nodes that group the properties. */
    nodes: Type.Optional(Type.Record(Type.String({ pattern: ID_PATTERN }), Type.Object({ title: Text }))),
    properties: Type.Record(Type.String({ pattern: PROPERTY_KEY_PATTERN }), PropertyAffordance, {
      maxProperties: THING_LIMITS.properties,
    }),
    actions: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), ActionAffordance, {
        maxProperties: THING_LIMITS.actions,
      }),
    ),
    events: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), EventAffordance, {
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
      if (schema.enum !== undefined && !schema.enum.includes(value)) {
        return bad(`expected one of ${schema.enum.join(", ")}, found ${JSON.stringify(value).slice(0, 80)}`);
      }
      return ok(value);
    case "integer":
    case "number":
      return checkNumber(schema, value);
    case "array":
      return Array.isArray(value) ? ok(value) : wrongType(expected, value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? ok(value)
        : wrongType(expected, value);
  }
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
  return ok(rounded);
}

/**
 * Rounds to the schema's step (Homie 5.0, "numeric formats": the base of the step is the minimum, else the maximum,
 * else the current value; we take 0 there so that the result does not depend on history).
 */
export function roundToStep(schema: DataSchema, value: number): number {
  const step = schema.multipleOf;
  if (step === undefined) return value;
  const base = schema.minimum ?? schema.maximum ?? 0;
  const rounded = base + Math.round((value - base) / step) * step;
  // Binary fractions: 0.1 × 3 must read 0.3, so round to the digits that the step and the base are written with.
  const digits = Math.max(fractionDigits(step), fractionDigits(base));
  return Number(rounded.toFixed(Math.min(digits, 15)));
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
  return { ok: false, problem };
}

function wrongType(expected: string, value: Json): ValueCheck {
  return bad(`expected ${expected}, found ${JSON.stringify(value)?.slice(0, 80)}`);
}
