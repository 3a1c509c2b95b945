import { readDecimal } from "@tram/protocol";
import { isList, isMap, isObject, keysOf, kindOf, type TemplateValue } from "./kinds.ts";
import { ITEM, TemplateError, work } from "./limits.ts";
import { shown, textOf } from "./writing.ts";

/** As Python's `bool`. */
export function truthy(value: TemplateValue): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  if (isObject(value)) return keysOf(value).length > 0;
  return Boolean(value);
}

/** @returns the member, or `undefined` when there is none; of what has no members, an error. */
export function memberOf(value: TemplateValue, key: TemplateValue): TemplateValue {
  if (typeof key === "string") work(key.length);
  if (isMap(value)) return value.get(key);
  if (isObject(value)) {
    return typeof key === "string" && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (isList(value) || typeof value === "string") {
    if (typeof key !== "number" || !Number.isInteger(key)) return undefined;
    return value[key < 0 ? value.length + key : key];
  }
  throw new TemplateError(`${kindOf(value)} has no member ${shown(key)}`);
}

/** As Python's `==` for what templates have. */
export function equal(a: TemplateValue, b: TemplateValue): boolean {
  if (typeof a === "object" && a !== null && typeof b === "object" && b !== null) {
    return a === b || textOf(a) === textOf(b);
  }
  if (typeof a === "string" && typeof b === "string") work(Math.min(a.length, b.length));
  if (typeof a === "boolean" && typeof b === "number") return Number(a) === b;
  if (typeof a === "number" && typeof b === "boolean") return a === Number(b);
  return a === b;
}

/** @returns a negative number when `a` comes first. @throws {TemplateError} for what has no order. */
export function compare(a: TemplateValue, b: TemplateValue): number {
  work(2 * ITEM);
  if (typeof a === "string" && typeof b === "string") {
    work(Math.min(a.length, b.length));
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (isNumeric(a) && isNumeric(b)) return Number(a) - Number(b);
  throw new TemplateError(`${kindOf(a)} and ${kindOf(b)} have no order`);
}

function isNumeric(value: TemplateValue): value is number | boolean {
  return typeof value === "number" || typeof value === "boolean";
}

/** @throws {TemplateError} for what is no number. */
export function numberOf(value: TemplateValue): number {
  if (isNumeric(value)) return Number(value);
  throw new TemplateError(`expected a number, found ${kindOf(value)}`);
}

/** Reads a number from a text; undefined when it is none. */
export function parseNumber(value: TemplateValue): number | undefined {
  if (isNumeric(value)) return Number(value);
  if (typeof value !== "string") return undefined;
  work(value.length);
  return readDecimal(value);
}

/** @throws {TemplateError} for a result such as `1 / 0`. */
export function finite(number: number): number {
  if (Number.isFinite(number)) return number;
  throw new TemplateError("the result is no number");
}
