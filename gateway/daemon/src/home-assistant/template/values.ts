/**
 * Values of templates. Objects come from JSON and are asked for their own members alone, so that nothing of JavaScript can
 * be reached through them; dictionaries written in a template are maps.
 */
export type TemplateValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly TemplateValue[]
  | ReadonlyMap<TemplateValue, TemplateValue>
  | { readonly [name: string]: TemplateValue };

/** What a template does that it may not: the message is for people. */
export class TemplateError extends Error {}

/** How much one rendering may do. */
export const TEMPLATE_LIMITS = {
  /** Of the source, in characters. */
  source: 8_192,
  /** Nested expressions and statements. */
  depth: 64,
  /** Evaluated parts of the template, each turn of a loop counted. */
  steps: 10_000,
  /** Of any text that comes about, in characters. */
  text: 65_536,
} as const;

export function isMap(value: TemplateValue): value is ReadonlyMap<TemplateValue, TemplateValue> {
  return value instanceof Map;
}

export function isList(value: TemplateValue): value is readonly TemplateValue[] {
  return Array.isArray(value);
}

/** An object of JSON. */
export function isObject(value: TemplateValue): value is { readonly [name: string]: TemplateValue } {
  return typeof value === "object" && value !== null && !isList(value) && !isMap(value);
}

/** As Python's `bool`. */
export function truthy(value: TemplateValue): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** As Jinja prints it; a text in a list is quoted, as Python does. */
export function textOf(value: TemplateValue, nested = false): string {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return nested ? quoted(value) : value;
  return bounded(
    isList(value)
      ? `[${value.map((item) => textOf(item, true)).join(", ")}]`
      : `{${entriesOf(value)
          .map(([key, item]) => `${textOf(key, true)}: ${textOf(item, true)}`)
          .join(", ")}}`,
  );
}

function quoted(text: string): string {
  return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`;
}

export function entriesOf(value: TemplateValue): readonly (readonly [TemplateValue, TemplateValue])[] {
  if (isMap(value)) return [...value];
  if (isObject(value)) return Object.entries(value);
  throw new TemplateError(`expected a dictionary, found ${kindOf(value)}`);
}

/** @throws {TemplateError} when the text is longer than a template may make one. */
export function bounded(text: string): string {
  if (text.length <= TEMPLATE_LIMITS.text) return text;
  throw new TemplateError(`a text would be longer than ${TEMPLATE_LIMITS.text} characters`);
}

/** @returns the member, or `undefined` when there is none; of what has no members, an error. */
export function memberOf(value: TemplateValue, key: TemplateValue): TemplateValue {
  if (isMap(value)) return value.get(key);
  if (isObject(value)) {
    return typeof key === "string" && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (isList(value) || typeof value === "string") {
    if (typeof key !== "number" || !Number.isInteger(key)) return undefined;
    return value[key < 0 ? value.length + key : key];
  }
  throw new TemplateError(`${kindOf(value)} has no member ${textOf(key, true)}`);
}

export function kindOf(value: TemplateValue): string {
  if (value === undefined) return "something undefined";
  if (value === null) return "None";
  if (isList(value)) return "a list";
  if (isMap(value) || isObject(value)) return "a dictionary";
  return `a ${typeof value}`;
}

/** As Python's `==` for what templates have. */
export function equal(a: TemplateValue, b: TemplateValue): boolean {
  if (typeof a === "object" && a !== null && typeof b === "object" && b !== null) {
    return textOf(a) === textOf(b);
  }
  if (typeof a === "boolean" && typeof b === "number") return Number(a) === b;
  if (typeof a === "number" && typeof b === "boolean") return a === Number(b);
  return a === b;
}

/** @returns a negative number when `a` comes first. @throws {TemplateError} for what has no order. */
export function compare(a: TemplateValue, b: TemplateValue): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
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

/** Reads a number from a text as Python's `float` does; undefined when it is none. */
export function parseNumber(value: TemplateValue): number | undefined {
  if (isNumeric(value)) return Number(value);
  if (typeof value !== "string" || !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value)) {
    return undefined;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** @throws {TemplateError} for a result such as `1 / 0`. */
export function finite(number: number): number {
  if (Number.isFinite(number)) return number;
  throw new TemplateError("the result is no number");
}
