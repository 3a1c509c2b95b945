import type { Json } from "@tram/protocol";
import { type CelBudget, EXHAUSTED, Failure, pay } from "./evaluation.ts";
import { writeDuration, writeTimestamp } from "./time.ts";
import { CelDuration, CelTimestamp, CelTypeName, type CelValue, isList, keysOf, lookUp } from "./value.ts";

const MAX_LEVELS = 32;

/**
 * Writes a value as JSON (langdef §"JSON Data Conversion"): a timestamp as RFC 3339, a duration as `90s`, an int beyond
 * ±(2^53 - 1) as a text. A number that is not finite and a type are failures. Each part costs one operation: what an
 * expression made may hold the same list again and again, and is written out here.
 */
export function toJson(value: CelValue, budget: CelBudget, levels = MAX_LEVELS): Json | Failure {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return pay(budget, value.length >> 4) ? value : EXHAUSTED;
    case "number":
      return Number.isFinite(value) ? value : new Failure("the result is not a finite number");
    case "bigint": {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    }
  }
  if (value === null) return value;
  if (value instanceof CelTimestamp) return writeTimestamp(value);
  if (value instanceof CelDuration) return writeDuration(value);
  if (value instanceof CelTypeName)
    return new Failure(`the result is a type, ${value.name}, which is no JSON`);
  if (levels === 0) return new Failure(`the result nests deeper than ${MAX_LEVELS} levels`);
  if (isList(value)) {
    const items: Json[] = [];
    for (const item of value) {
      const json = pay(budget, 1) ? toJson(item, budget, levels - 1) : EXHAUSTED;
      if (json instanceof Failure) return json;
      items.push(json);
    }
    return items;
  }
  const members: [string, Json][] = [];
  for (const key of keysOf(value)) {
    if (typeof key !== "string") return new Failure(`the result has a key ${key}, which is no text`);
    const json = pay(budget, 1 + (key.length >> 4))
      ? toJson(lookUp(value, key) ?? null, budget, levels - 1)
      : EXHAUSTED;
    if (json instanceof Failure) return json;
    members.push([key, json]);
  }
  // Not by assignment: a member named `__proto__` is a member.
  return Object.fromEntries(members);
}
