import { type Json, jsonEqual } from "@tram/protocol";
import { writeValue } from "./describe-value.ts";
import type { ValueTest } from "./program.ts";

/** Equality as rules mean it: numbers by value, so 0 equals -0. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || jsonEqual(a, b);
}

/** Strictly above `above` and strictly below `below`; never true of what is not a number. */
export function matches(test: ValueTest, value: Json): boolean {
  switch (test.kind) {
    case "any":
      return true;
    case "equals":
      return sameValue(value, test.value);
    case "range":
      return (
        typeof value === "number" &&
        (test.above === undefined || value > test.above) &&
        (test.below === undefined || value < test.below)
      );
  }
}

/** Why a value could not even be compared; `undefined` when it could. */
export function mismatch(test: ValueTest, value: Json): string | undefined {
  if (test.kind !== "range" || typeof value === "number") return undefined;
  return `${writeValue(value)} is not a number`;
}
