import { isJsonObject, type Json, jsonEqual } from "@tram/protocol";
import { writeValue } from "./describe-value.ts";
import type { ValueTest } from "./program.ts";

/** Equality as rules mean it: numbers by value, so 0 equals -0. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || jsonEqual(a, b);
}

/**
 * Strictly above `above` and strictly below `below`; never true of what is not a number.
 * @param before whether it matched until now: with a hysteresis it does so for that much longer.
 */
export function matches(test: ValueTest, value: Json, before = false): boolean {
  switch (test.kind) {
    case "any":
      return true;
    case "oneOf":
      return test.values.some((one) => sameValue(value, one));
    case "range": {
      const slack = before ? (test.hysteresis ?? 0) : 0;
      return (
        typeof value === "number" &&
        (test.above === undefined || value > test.above - slack) &&
        (test.below === undefined || value < test.below + slack)
      );
    }
  }
}

/** Why a value could not even be compared; `undefined` when it could. */
export function mismatch(test: ValueTest, value: Json): string | undefined {
  if (test.kind !== "range" || typeof value === "number") return undefined;
  return `${writeValue(value)} is not a number`;
}

/** The part of a value at `position.x`; `null` where there is none. */
export function partOf(value: Json, attribute: string | undefined): Json {
  if (attribute === undefined) return value;
  let part: Json = value;
  for (const key of attribute.split(".")) {
    if (isJsonObject(part) && Object.hasOwn(part, key)) part = part[key] ?? null;
    else if (Array.isArray(part) && /^\d+$/.test(key)) part = (part as readonly Json[])[Number(key)] ?? null;
    else return null;
  }
  return part;
}

/** Whether a value is `wanted`, or a map that holds all that `wanted` holds. */
export function contains(value: Json | undefined, wanted: Json): boolean {
  if (isJsonObject(wanted) && isJsonObject(value)) {
    return Object.entries(wanted).every(
      ([key, part]) => Object.hasOwn(value, key) && contains(value[key], part),
    );
  }
  return sameValue(value, wanted);
}
