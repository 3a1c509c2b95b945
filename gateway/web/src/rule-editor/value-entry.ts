import type { PropertyAffordance } from "@tram/protocol";

const NUMBER = /^[+-]?(?:\d+[.,]?\d*|[.,]\d+)$/;

/** A number as people type it, with a point or a comma; `undefined` while it is none. */
export function readNumber(text: string): number | undefined {
  const plain = text.trim().replace("−", "-");
  if (!NUMBER.test(plain)) return undefined;
  const value = Number(plain.replace(",", "."));
  return Number.isFinite(value) ? value : undefined;
}

/** A limit of a range: a number, nothing, or a text that the gateway will refuse. */
export function readLimit(text: string): number | string | undefined {
  return text.trim() === "" ? undefined : (readNumber(text) ?? text);
}

/**
 * What was typed, as the property means it. A text that is no number stays a text: the gateway says what is wrong with it.
 * Of an unknown property, what looks like a number or a truth value is one.
 * @param mayBeNone whether an empty field means no value at all.
 */
export function readValue(
  text: string,
  affordance: PropertyAffordance | undefined,
  mayBeNone: boolean,
): unknown {
  const trimmed = text.trim();
  if (trimmed === "" && mayBeNone) return undefined;
  if (affordance?.type === "string") return text;
  if (affordance === undefined) {
    if (trimmed === "true" || trimmed === "false") return trimmed === "true";
    return /^-?\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
  }
  return readNumber(text) ?? text;
}

/** A value as it stands in a field. */
export function writeValue(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What stands in a field: what was typed, as long as it means the value. So `2.0` stays while `2.05` is being typed. */
export function textOf(typed: string | undefined, value: unknown, read: (text: string) => unknown): string {
  return typed !== undefined && read(typed) === value ? typed : writeValue(value);
}
