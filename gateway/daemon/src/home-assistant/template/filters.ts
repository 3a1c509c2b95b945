import { parseBounded } from "../../foreign/json-payload.ts";
import { entriesOf, isList, isMap, isObject, keysOf, kindOf, type TemplateValue } from "./kinds.ts";
import { ITEM, TemplateError, work } from "./limits.ts";
import { compare, equal, finite, memberOf, numberOf, parseNumber, truthy } from "./values.ts";
import { Draft, jsonOf, shown, textOf } from "./writing.ts";

/** Arguments of a call: those without a name, and those with one. */
export interface Arguments {
  readonly list: readonly TemplateValue[];
  readonly named: ReadonlyMap<string, TemplateValue>;
}

type Filter = (value: TemplateValue, args: Arguments) => TemplateValue;

/** The filters of Jinja and Home Assistant that device templates use and whose work is bounded by their input. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => Math.abs(numberOf(value)),
  add: (value, { list }) => numberOf(numeric(value)) + numberOf(list[0]),
  average: (value) => finite(sum(value) / listOf(value).length),
  bitwise_and: (value, { list }) => integer(value) & integer(list[0]),
  bitwise_or: (value, { list }) => integer(value) | integer(list[0]),
  bool: toBool,
  capitalize: (value) => capitalized(walked(value)),
  count: lengthOf,
  d: fallback,
  default: fallback,
  first: (value) => listOf(value)[0],
  float,
  from_json: (value) => parsed(walked(value)),
  iif: (value, { list }) => (truthy(value) ? orElse(list[0], true) : orElse(list[1], false)),
  int,
  is_defined: (value) => {
    if (value === undefined) throw new TemplateError("the value is not defined");
    return value;
  },
  join: (value, { list }) => joined(listOf(value), textOf(list[0])),
  last: (value) => listOf(value).at(-1),
  length: lengthOf,
  list: (value) => listOf(value),
  lower: (value) => walked(value).toLowerCase(),
  max: (value) => extreme(value, 1),
  min: (value) => extreme(value, -1),
  multiply: (value, { list }) => finite(numberOf(numeric(value)) * numberOf(list[0])),
  replace: (value, { list }) => replaced(walked(value), walked(list[0]), walked(list[1])),
  reverse: (value) => {
    const reversed = copyOf(value).reverse();
    return typeof value === "string" ? reversed.join("") : reversed;
  },
  round,
  sort: (value) => copyOf(value).sort(compare),
  string: (value) => textOf(value),
  sum,
  title: (value) => titled(walked(value)),
  to_json: jsonOf,
  tojson: jsonOf,
  trim: (value) => walked(value).trim(),
  unique: (value) => [...new Set(copyOf(value))],
  upper: (value) => walked(value).toUpperCase(),
};

type Test = (value: TemplateValue) => boolean;

export const TESTS: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === "boolean",
  defined: (value) => value !== undefined,
  even: (value) => numberOf(value) % 2 === 0,
  false: (value) => value === false,
  float: (value) => typeof value === "number" && !Number.isInteger(value),
  integer: (value) => Number.isInteger(value),
  is_number: (value) => parseNumber(value) !== undefined,
  iterable: (value) => typeof value === "string" || (typeof value === "object" && value !== null),
  lower: (value) => walked(value) === textOf(value).toLowerCase(),
  mapping: (value) => isMap(value) || isObject(value),
  none: (value) => value === null,
  number: (value) => typeof value === "number",
  odd: (value) => Math.abs(numberOf(value) % 2) === 1,
  sequence: (value) => isList(value) || typeof value === "string",
  string: (value) => typeof value === "string",
  true: (value) => value === true,
  undefined: (value) => value === undefined,
  upper: (value) => walked(value) === textOf(value).toUpperCase(),
};

type Call = (args: Arguments) => TemplateValue;

const RANGE = 1_000;

export const FUNCTIONS: Readonly<Record<string, Call>> = {
  bool: called(toBool),
  float: called(float),
  iif: ({ list: [value, yes, no] }) => (truthy(value) ? orElse(yes, true) : orElse(no, false)),
  int: called(int),
  is_number: ({ list }) => parseNumber(list[0]) !== undefined,
  max: ({ list }) => extreme(list.length === 1 ? list[0] : list, 1),
  min: ({ list }) => extreme(list.length === 1 ? list[0] : list, -1),
  range: ({ list }) => {
    const [from, to, step] =
      list.length === 1
        ? [0, numberOf(list[0]), 1]
        : [numberOf(list[0]), numberOf(list[1]), numberOf(list[2] ?? 1)];
    const count = step === 0 ? Number.NaN : Math.max(0, Math.ceil((to - from) / step));
    if (!(count <= RANGE)) throw new TemplateError(`range: expected at most ${RANGE} numbers`);
    work(count * ITEM);
    return Array.from({ length: count }, (_, index) => from + index * step);
  },
};

type Method = (value: TemplateValue, args: Arguments) => TemplateValue;

/** Methods of texts and dictionaries. */
export const METHODS: Readonly<Record<string, Method>> = {
  endswith: (value, { list }) => string(value).endsWith(string(list[0])),
  find: (value, { list }) => searched(value, list[0]).indexOf(string(list[0])),
  get: (value, { list }) => memberOf(value, list[0]) ?? list[1] ?? null,
  items: (value) => entriesOf(value).map(([key, item]) => [key, item]),
  keys: (value) => entriesOf(value).map(([key]) => key),
  lower: (value) => string(value).toLowerCase(),
  lstrip: (value, { list }) => stripped(string(value), list[0], true, false),
  replace: (value, { list }) => replaced(string(value), string(list[0]), string(list[1])),
  rstrip: (value, { list }) => stripped(string(value), list[0], false, true),
  split: (value, { list }) => {
    const by = list[0];
    const parts =
      by === undefined
        ? string(value)
            .split(/\s+/)
            .filter((part) => part !== "")
        : searched(value, by).split(separator(by));
    work(parts.length * ITEM);
    return parts;
  },
  startswith: (value, { list }) => string(value).startsWith(string(list[0])),
  strip: (value, { list }) => stripped(string(value), list[0], true, true),
  title: (value) => titled(string(value)),
  upper: (value) => string(value).toUpperCase(),
  values: (value) => entriesOf(value).map(([, item]) => item),
};

function fallback(value: TemplateValue, { list, named }: Arguments): TemplateValue {
  // Jinja: with a second argument, also for what is false.
  const strict = truthy(list[1] ?? named.get("boolean"));
  return value === undefined || (strict && !truthy(value)) ? orElse(list[0], "") : value;
}

function orElse(value: TemplateValue, otherwise: TemplateValue): TemplateValue {
  return value === undefined ? otherwise : value;
}

/** The default of Home Assistant's filters; without one what cannot be converted is an error. */
function defaultOf({ list, named }: Arguments): TemplateValue {
  return named.has("default") ? named.get("default") : list[0];
}

/** @throws {TemplateError} where none is given for a value that is not what was expected. */
function given(otherwise: TemplateValue, value: TemplateValue, expected: string): TemplateValue {
  if (otherwise !== undefined) return otherwise;
  throw new TemplateError(`expected ${expected}, found ${shown(value)}`);
}

function toNumber(value: TemplateValue, args: Arguments, make: (number: number) => number): TemplateValue {
  const number = parseNumber(value);
  return number === undefined ? given(defaultOf(args), value, "a number") : make(number);
}

function float(value: TemplateValue, args: Arguments): TemplateValue {
  return toNumber(value, args, (number) => number);
}

function int(value: TemplateValue, args: Arguments): TemplateValue {
  return toNumber(value, args, Math.trunc);
}

/** A filter that is called as a function: its value is the first argument. */
function called(filter: Filter): Call {
  return ({ list: [value, ...list], named }) => filter(value, { list, named });
}

function toBool(value: TemplateValue, args: Arguments): TemplateValue {
  const word = walked(value).toLowerCase();
  if (["true", "yes", "on", "enable", "1"].includes(word)) return true;
  if (["false", "no", "off", "disable", "0"].includes(word)) return false;
  return given(defaultOf(args), value, "true or false");
}

function round(value: TemplateValue, { list, named }: Arguments): TemplateValue {
  const number = parseNumber(value);
  if (number === undefined) return given(named.get("default") ?? list[2], value, "a number");
  const digits = Math.min(15, Math.max(-15, numberOf(list[0] ?? named.get("precision") ?? 0)));
  const method = textOf(list[1] ?? named.get("method") ?? "common");
  const factor = 10 ** digits;
  const scaled = number * factor;
  // 1.005 * 100 is 100.49999999999999.
  const near = Number(scaled.toPrecision(15));
  if (method === "ceil") return finite(Math.ceil(near) / factor);
  if (method === "floor") return finite(Math.floor(near) / factor);
  if (method === "half") return finite(Math.round(near * 2) / 2 / factor);
  return finite(halfToEven(near) / factor);
}

/** As Python's `round`. */
function halfToEven(number: number): number {
  const floor = Math.floor(number);
  if (number - floor !== 0.5) return Math.round(number);
  return floor % 2 === 0 ? floor : floor + 1;
}

function sum(value: TemplateValue): number {
  return finite(copyOf(value).reduce<number>((total, item) => total + numberOf(item), 0));
}

function extreme(value: TemplateValue, sign: 1 | -1): TemplateValue {
  const list = listOf(value);
  if (list.length === 0) throw new TemplateError("expected at least one value");
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

function lengthOf(value: TemplateValue): number {
  if (isMap(value)) return value.size;
  return isObject(value) ? keysOf(value).length : listOf(value).length;
}

function listOf(value: TemplateValue): readonly TemplateValue[] {
  if (isList(value)) return value;
  if (typeof value === "string") {
    work(value.length * ITEM);
    return [...value];
  }
  return entriesOf(value).map(([key]) => key);
}

/** A list of its own, or one that is walked through. */
function copyOf(value: TemplateValue): TemplateValue[] {
  const list = listOf(value);
  work(list.length * ITEM);
  return [...list];
}

/** The text of a value, for somebody who looks at all of it. */
function walked(value: TemplateValue): string {
  const text = textOf(value);
  work(text.length);
  return text;
}

/** A text in which another one is looked for: at the worst each character of it is compared with many of the other's. */
function searched(value: TemplateValue, what: TemplateValue): string {
  const text = string(value);
  work(text.length * (string(what).length / 16));
  return text;
}

function string(value: TemplateValue): string {
  if (typeof value === "string") {
    work(value.length);
    return value;
  }
  throw new TemplateError(`expected a text, found ${kindOf(value)}`);
}

function separator(value: TemplateValue): string {
  const text = string(value);
  if (text === "") throw new TemplateError("split: expected a separator");
  return text;
}

function stripped(text: string, characters: TemplateValue, left: boolean, right: boolean): string {
  if (characters === undefined) {
    const begun = left ? text.trimStart() : text;
    return right ? begun.trimEnd() : begun;
  }
  const odd = new Set(string(characters));
  let start = 0;
  let end = text.length;
  while (left && start < end && odd.has(text.charAt(start))) start++;
  while (right && end > start && odd.has(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function replaced(text: string, from: string, to: string): string {
  const parts = searched(text, from).split(from);
  return joined(from === "" ? ["", ...parts, ""] : parts, to);
}

function joined(items: readonly TemplateValue[], between: string): string {
  const draft = new Draft();
  for (const [index, item] of items.entries()) {
    if (index > 0) draft.add(between);
    draft.add(textOf(item));
  }
  return draft.text;
}

function titled(text: string): string {
  work(text.length * ITEM);
  return text.replace(/\p{L}+/gu, capitalized);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

function numeric(value: TemplateValue): TemplateValue {
  return parseNumber(value) ?? value;
}

function integer(value: TemplateValue): number {
  const number = numberOf(value);
  if (Number.isInteger(number)) return number;
  throw new TemplateError(`expected a whole number, found ${number}`);
}

function parsed(text: string): TemplateValue {
  work(text.length * ITEM);
  return parseBounded(text);
}

/** `in`. */
export function contains(where: TemplateValue, what: TemplateValue): boolean {
  if (typeof where === "string") return searched(where, what).includes(string(what));
  if (isMap(where)) return where.has(what);
  if (isObject(where)) return typeof what === "string" && Object.hasOwn(where, what);
  if (isList(where)) {
    return where.some((item) => {
      work(ITEM);
      return equal(item, what);
    });
  }
  throw new TemplateError(`${kindOf(where)} contains nothing`);
}
