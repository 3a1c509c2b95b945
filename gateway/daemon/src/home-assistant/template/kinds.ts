import { ITEM, TemplateError, work } from "./limits.ts";

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

export function keysOf(value: { readonly [name: string]: TemplateValue }): readonly string[] {
  const keys = Object.keys(value);
  work(keys.length * ITEM * 2);
  return keys;
}

export function entriesOf(value: TemplateValue): readonly (readonly [TemplateValue, TemplateValue])[] {
  if (isMap(value)) {
    work(value.size * ITEM);
    return [...value];
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    work(entries.length * ITEM * 4);
    return entries;
  }
  throw new TemplateError(`expected a dictionary, found ${kindOf(value)}`);
}

export function kindOf(value: TemplateValue): string {
  if (value === undefined) return "something undefined";
  if (value === null) return "None";
  if (isList(value)) return "a list";
  if (isMap(value) || isObject(value)) return "a dictionary";
  return `a ${typeof value}`;
}
