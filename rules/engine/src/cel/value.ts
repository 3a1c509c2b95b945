import type { JsonObject } from "@tram/protocol";

/**
 * A value of an expression. An int is a `bigint` of 64 bits, a double a `number`: what comes from outside as JSON is a
 * double (cel-spec langdef §"JSON Data Conversion"). JSON lists and maps are used as they come, without a copy.
 */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly CelValue[]
  | JsonObject
  | CelMap
  | CelTimestamp
  | CelDuration
  | CelTypeName;

/** What the static check knows of a value; `dyn` where it knows nothing. */
export type CelType =
  | "dyn"
  | "null_type"
  | "bool"
  | "int"
  | "double"
  | "string"
  | "list"
  | "map"
  | "timestamp"
  | "duration"
  | "type";

/** A map that an expression made; its keys are texts, ints and bools. */
export class CelMap {
  readonly entries: ReadonlyMap<CelKey, CelValue>;

  constructor(entries: ReadonlyMap<CelKey, CelValue>) {
    this.entries = entries;
  }
}
export type CelKey = string | bigint | boolean;

/** A moment in milliseconds since 1970-01-01T00:00:00Z. */
export class CelTimestamp {
  readonly epochMs: number;

  constructor(epochMs: number) {
    this.epochMs = epochMs;
  }
}

/** A span of time in milliseconds, negative ones included. */
export class CelDuration {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** A type as a value: `type(1)` and `int`. */
export class CelTypeName {
  readonly name: CelType;

  constructor(name: CelType) {
    this.name = name;
  }
}

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

export function isMap(value: CelValue): value is CelMap | JsonObject {
  return typeOf(value) === "map";
}

export function typeOf(value: CelValue): CelType {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "double";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    default:
      if (value === null) return "null_type";
      if (Array.isArray(value)) return "list";
      if (value instanceof CelTimestamp) return "timestamp";
      if (value instanceof CelDuration) return "duration";
      return value instanceof CelTypeName ? "type" : "map";
  }
}

/**
 * An own member of a map; never one of a prototype. A double that is a whole number finds the int (langdef §"Equality":
 * numbers are one line).
 */
export function lookUp(map: CelMap | JsonObject, key: CelValue): CelValue | undefined {
  if (map instanceof CelMap) {
    if (typeof key === "number") return Number.isInteger(key) ? map.entries.get(BigInt(key)) : undefined;
    return isKey(key) ? map.entries.get(key) : undefined;
  }
  return typeof key === "string" && Object.hasOwn(map, key) ? map[key] : undefined;
}

export function isKey(value: CelValue): value is CelKey {
  return typeof value === "string" || typeof value === "bigint" || typeof value === "boolean";
}

export function keysOf(map: CelMap | JsonObject): CelKey[] {
  if (map instanceof CelMap) return [...map.entries.keys()];
  return Object.keys(map).filter((key) => map[key] !== undefined);
}
