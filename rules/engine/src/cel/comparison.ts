import { type CelBudget, EXHAUSTED, Failure, named, pay } from "./evaluation.ts";
import {
  CelDuration,
  CelTimestamp,
  CelTypeName,
  type CelValue,
  isList,
  isMap,
  keysOf,
  lookUp,
} from "./value.ts";

/** Deepest values that are compared: a payload may nest deeper than the stack. */
const MAX_LEVELS = 64;
const TOO_DEEP = new Failure(`values that nest deeper than ${MAX_LEVELS} levels are not compared`);

/**
 * `==` (langdef §"Equality"): ints and doubles are one line of numbers, lists and maps are compared through, and values
 * of different types are not equal, which is no error.
 */
export function equal(a: CelValue, b: CelValue, budget: CelBudget, levels = MAX_LEVELS): boolean | Failure {
  if (isNumber(a)) return isNumber(b) && sameNumber(a, b);
  if (typeof a === "string" && typeof b === "string") {
    return pay(budget, Math.min(a.length, b.length) >> 4) ? a === b : EXHAUSTED;
  }
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.epochMs === b.epochMs;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.ms === b.ms;
  if (a instanceof CelTypeName) return b instanceof CelTypeName && a.name === b.name;
  if (levels === 0) return TOO_DEEP;
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    return allEqual(a, (index) => [a[index], b[index]], budget, levels - 1);
  }
  if (!isMap(a) || !isMap(b)) return false;
  const keys = keysOf(a);
  if (!pay(budget, keys.length)) return EXHAUSTED;
  if (keys.length !== keysOf(b).length) return false;
  return allEqual(
    keys,
    (index) => [lookUp(a, keys[index] ?? ""), lookUp(b, keys[index] ?? "")],
    budget,
    levels - 1,
  );
}

function allEqual(
  items: readonly unknown[],
  pairAt: (index: number) => readonly [CelValue | undefined, CelValue | undefined],
  budget: CelBudget,
  levels: number,
): boolean | Failure {
  for (const index of items.keys()) {
    const [a, b] = pairAt(index);
    if (a === undefined || b === undefined) return false;
    const result = pay(budget, 1) ? equal(a, b, budget, levels) : EXHAUSTED;
    if (result !== true) return result;
  }
  return true;
}

export function isNumber(value: CelValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** JavaScript compares a bigint and a number by their mathematical values, as CEL wants it. */
export function sameNumber(a: number | bigint, b: number | bigint): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: `===` is never true for a bigint and a number.
  return a == b;
}

/**
 * Orders two values (langdef §"Ordering").
 * @returns less than, equal to or greater than 0; `NaN` where one of them is; a failure for types without an order.
 */
export function order(a: CelValue, b: CelValue, budget: CelBudget): number | Failure {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : sameNumber(a, b) ? 0 : Number.NaN;
  if (typeof a === "string" && typeof b === "string") {
    return pay(budget, Math.min(a.length, b.length) >> 4) ? orderTexts(a, b) : EXHAUSTED;
  }
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return a.epochMs - b.epochMs;
  if (a instanceof CelDuration && b instanceof CelDuration) return a.ms - b.ms;
  return new Failure(`${named(a)} and ${named(b)} have no order`);
}

const SURROGATE = /[\ud800-\udfff]/;

/** By code points; JavaScript orders by UTF-16 units, where the characters beyond the BMP come before U+E000. */
function orderTexts(a: string, b: string): number {
  if (a === b) return 0;
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
}

function rank(unit: number): number {
  if (Number.isNaN(unit)) return -1;
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
