import {
  bounded,
  compare,
  entriesOf,
  equal,
  finite,
  isList,
  isMap,
  isObject,
  kindOf,
  memberOf,
  numberOf,
  parseNumber,
  TemplateError,
  type TemplateValue,
  textOf,
  truthy,
} from "./values.ts";

/** Arguments of a call: those without a name, and those with one. */
export interface Arguments {
  readonly list: readonly TemplateValue[];
  readonly named: ReadonlyMap<string, TemplateValue>;
}

type Filter = (value: TemplateValue, args: Arguments) => TemplateValue;

const SPACES = /^\s+|\s+$/g;

/** The filters of Jinja and Home Assistant that device templates use and whose work is bounded by their input. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => Math.abs(numberOf(value)),
  add: (value, { list }) => numberOf(numeric(value)) + numberOf(list[0]),
  average: (value) => finite(sum(value) / listOf(value).length),
  bitwise_and: (value, { list }) => integer(value) & integer(list[0]),
  bitwise_or: (value, { list }) => integer(value) | integer(list[0]),
  bool: (value, args) => toBool(value, args),
  capitalize: (value) => capitalized(textOf(value)),
  count: lengthOf,
  d: fallback,
  default: fallback,
  first: (value) => listOf(value)[0],
  float: (value, args) => toNumber(value, args, (number) => number),
  from_json: (value) => parseJson(textOf(value)),
  iif: (value, { list }) => (truthy(value) ? orElse(list[0], true) : orElse(list[1], false)),
  int: (value, args) => toNumber(value, args, Math.trunc),
  is_defined: (value) => {
    if (value === undefined) throw new TemplateError("the value is not defined");
    return value;
  },
  join: (value, { list }) =>
    bounded(
      listOf(value)
        .map((item) => textOf(item))
        .join(textOf(list[0])),
    ),
  last: (value) => listOf(value).at(-1),
  length: lengthOf,
  list: (value) => listOf(value),
  lower: (value) => textOf(value).toLowerCase(),
  max: (value) => extreme(value, 1),
  min: (value) => extreme(value, -1),
  multiply: (value, { list }) => finite(numberOf(numeric(value)) * numberOf(list[0])),
  replace: (value, { list }) => replaced(textOf(value), textOf(list[0]), textOf(list[1])),
  reverse: (value) =>
    typeof value === "string" ? [...value].reverse().join("") : [...listOf(value)].reverse(),
  round: (value, args) => round(value, args),
  sort: (value) => [...listOf(value)].sort(compare),
  string: (value) => textOf(value),
  sum,
  title: (value) => textOf(value).replace(/\p{L}+/gu, capitalized),
  to_json: (value) => toJson(value),
  tojson: (value) => toJson(value),
  trim: (value) => textOf(value).replace(SPACES, ""),
  unique: (value) => [...new Set(listOf(value))],
  upper: (value) => textOf(value).toUpperCase(),
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
  lower: (value) => textOf(value) === textOf(value).toLowerCase(),
  mapping: (value) => isMap(value) || isObject(value),
  none: (value) => value === null,
  number: (value) => typeof value === "number",
  odd: (value) => Math.abs(numberOf(value) % 2) === 1,
  sequence: (value) => isList(value) || typeof value === "string",
  string: (value) => typeof value === "string",
  true: (value) => value === true,
  undefined: (value) => value === undefined,
  upper: (value) => textOf(value) === textOf(value).toUpperCase(),
};

type Call = (args: Arguments) => TemplateValue;

const RANGE = 1_000;

export const FUNCTIONS: Readonly<Record<string, Call>> = {
  bool: ({ list: [value, ...rest], named }) => toBool(value, { list: rest, named }),
  float: ({ list: [value, ...rest], named }) => toNumber(value, { list: rest, named }, (number) => number),
  iif: ({ list: [value, yes, no] }) => (truthy(value) ? orElse(yes, true) : orElse(no, false)),
  int: ({ list: [value, ...rest], named }) => toNumber(value, { list: rest, named }, Math.trunc),
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
    return Array.from({ length: count }, (_, index) => from + index * step);
  },
};

type Method = (value: TemplateValue, args: Arguments) => TemplateValue;

/** Methods of texts and dictionaries. */
export const METHODS: Readonly<Record<string, Method>> = {
  endswith: (value, { list }) => string(value).endsWith(string(list[0])),
  find: (value, { list }) => string(value).indexOf(string(list[0])),
  get: (value, { list }) => memberOf(value, list[0]) ?? list[1] ?? null,
  items: (value) => entriesOf(value).map(([key, item]) => [key, item]),
  keys: (value) => entriesOf(value).map(([key]) => key),
  lower: (value) => string(value).toLowerCase(),
  lstrip: (value, { list }) => stripped(string(value), list[0], true, false),
  replace: (value, { list }) => replaced(string(value), string(list[0]), string(list[1])),
  rstrip: (value, { list }) => stripped(string(value), list[0], false, true),
  split: (value, { list }) => {
    const text = string(value);
    return list[0] === undefined
      ? text.split(/\s+/).filter((part) => part !== "")
      : text.split(separator(list[0]));
  },
  startswith: (value, { list }) => string(value).startsWith(string(list[0])),
  strip: (value, { list }) => stripped(string(value), list[0], true, true),
  title: (value) => string(value).replace(/\p{L}+/gu, capitalized),
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

function toNumber(value: TemplateValue, args: Arguments, make: (number: number) => number): TemplateValue {
  const number = parseNumber(value);
  if (number !== undefined) return make(number);
  const otherwise = defaultOf(args);
  if (otherwise !== undefined) return otherwise;
  throw new TemplateError(`expected a number, found ${textOf(value, true) || kindOf(value)}`);
}

function toBool(value: TemplateValue, args: Arguments): TemplateValue {
  const word = textOf(value).toLowerCase();
  if (["true", "yes", "on", "enable", "1"].includes(word)) return true;
  if (["false", "no", "off", "disable", "0"].includes(word)) return false;
  const otherwise = defaultOf(args);
  if (otherwise !== undefined) return otherwise;
  throw new TemplateError(`expected true or false, found ${textOf(value, true) || kindOf(value)}`);
}

function round(value: TemplateValue, { list, named }: Arguments): TemplateValue {
  const number = parseNumber(value);
  if (number === undefined) {
    const otherwise = named.get("default") ?? list[2];
    if (otherwise !== undefined) return otherwise;
    throw new TemplateError(`expected a number, found ${textOf(value, true) || kindOf(value)}`);
  }
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
  return finite(listOf(value).reduce<number>((total, item) => total + numberOf(item), 0));
}

function extreme(value: TemplateValue, sign: 1 | -1): TemplateValue {
  const [first, ...rest] = listOf(value);
  if (first === undefined) throw new TemplateError("expected at least one value");
  return rest.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best), first);
}

function lengthOf(value: TemplateValue): number {
  if (isMap(value)) return value.size;
  return isObject(value) ? Object.keys(value).length : listOf(value).length;
}

function listOf(value: TemplateValue): readonly TemplateValue[] {
  if (isList(value)) return value;
  if (typeof value === "string") return [...value];
  return entriesOf(value).map(([key]) => key);
}

function string(value: TemplateValue): string {
  if (typeof value === "string") return value;
  throw new TemplateError(`expected a text, found ${kindOf(value)}`);
}

function separator(value: TemplateValue): string {
  const text = string(value);
  if (text === "") throw new TemplateError("split: expected a separator");
  return text;
}

function stripped(text: string, characters: TemplateValue, left: boolean, right: boolean): string {
  const odd = characters === undefined ? undefined : new Set(string(characters));
  const goes = (character: string): boolean => odd?.has(character) ?? /\s/.test(character);
  let start = 0;
  let end = text.length;
  while (left && start < end && goes(text.charAt(start))) start++;
  while (right && end > start && goes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function replaced(text: string, from: string, to: string): string {
  const parts = from === "" ? [...text].length + 1 : text.split(from).length - 1;
  if (text.length + parts * to.length > 2 ** 20) return bounded("x".repeat(2 ** 20));
  return bounded(text.replaceAll(from, () => to));
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

/** `undefined` for what is no JSON, as `value_json` is. */
export function parseJson(text: string): TemplateValue {
  try {
    return JSON.parse(text) as TemplateValue;
  } catch {
    return undefined;
  }
}

function toJson(value: TemplateValue): string {
  return bounded(JSON.stringify(plain(value)) ?? "null");
}

function plain(value: TemplateValue): unknown {
  if (isMap(value)) return Object.fromEntries([...value].map(([key, item]) => [textOf(key), plain(item)]));
  return isList(value) ? value.map(plain) : value;
}

/** `in`. */
export function contains(where: TemplateValue, what: TemplateValue): boolean {
  if (typeof where === "string") return where.includes(string(what));
  if (isMap(where)) return where.has(what);
  if (isObject(where)) return typeof what === "string" && Object.hasOwn(where, what);
  if (isList(where)) return where.some((item) => equal(item, what));
  throw new TemplateError(`${kindOf(where)} contains nothing`);
}
