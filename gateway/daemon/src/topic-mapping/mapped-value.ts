import {
  isJsonObject,
  type Json,
  jsonEqual,
  losesDigits,
  MAPPING_LIMITS,
  type MappingWords,
  type PropertyAffordance,
  readDecimal,
  show,
} from "@tram/protocol";
import type { Decoded } from "../foreign/foreign-device.ts";
import { parseJson } from "../foreign/json-payload.ts";
import type { Template } from "../home-assistant/template/template.ts";
import { type JsonPath, valueAt } from "./json-path.ts";

/** How a device says the values of one property. */
export interface Spelling {
  readonly affordance: PropertyAffordance;
  readonly words?: ReadonlyMap<string, Json>;
  /** Not 0. */
  readonly scale: number;
  readonly offset: number;
}

/** Where in a payload the value is: all of it where neither is given. */
export interface Place {
  readonly path?: JsonPath;
  readonly template?: Template;
}

/** Longest text that is a value. In characters. */
const TEXT_LIMIT = 4_096;
/** What the least device knows of a number: beyond, scaling shows the binary fraction. */
const DIGITS = 12;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "on", "yes", "1"].map((word) => [word, true] as const),
  ...["false", "off", "no", "0"].map((word) => [word, false] as const),
]);

export function wordsOf(words: MappingWords | undefined): ReadonlyMap<string, Json> | undefined {
  return words === undefined ? undefined : new Map(Object.entries(words));
}

/** @returns what is at the place; `absent` where the payload is about something else. */
export function pick(
  payload: string,
  { path, template }: Place,
): { readonly found: Json } | { readonly problem: string } | "absent" {
  if (payload.length > MAPPING_LIMITS.payloadBytes) {
    return { problem: `expected at most ${MAPPING_LIMITS.payloadBytes} bytes, found more` };
  }
  // Nothing is said by clearing a retained value.
  if (payload === "") return "absent";
  if (template !== undefined) {
    const rendered = template.renderPayload(payload);
    if (!rendered.ok) return { problem: rendered.problem };
    // Jinja's word for what is not there, and what is null.
    return rendered.text === "" || rendered.text === "None" ? "absent" : { found: rendered.text };
  }
  if (path === undefined) return { found: payload };
  const json = parseJson(payload);
  if (json === undefined) return { problem: `expected JSON, found ${show(payload)}` };
  const found = valueAt(json, path);
  // JSON has no other word for "not known".
  return found === undefined || found === null ? "absent" : { found };
}

/** What the device means by what it said. */
export function meaning(said: Json, spelling: Spelling): Decoded {
  const { affordance, offset, scale, words } = spelling;
  if (words !== undefined) {
    const text = textOf(said);
    const meant = words.get(text) ?? words.get(text.trim());
    return meant === undefined
      ? wrong(`one of ${[...words.keys()].join(", ")}`, said)
      : { ok: true, value: meant };
  }
  switch (affordance.type) {
    case "boolean": {
      const meant = BOOLEANS.get(textOf(said).trim().toLowerCase());
      return meant === undefined
        ? wrong("true or false, on or off, 1 or 0", said)
        : { ok: true, value: meant };
    }
    case "integer":
    case "number": {
      const number = numberOf(said);
      if (number === undefined) {
        return wrong(losesDigits(said) ? "a number of fewer digits" : "a number", said);
      }
      return { ok: true, value: rounded(number * scale + offset, scale !== 1 || offset !== 0) };
    }
    case "string": {
      const text = textOf(said);
      return text.length <= TEXT_LIMIT
        ? { ok: true, value: text }
        : wrong(`at most ${TEXT_LIMIT} characters`, said);
    }
    default: {
      const json = typeof said === "string" ? parseJson(said) : said;
      const fits = affordance.type === "array" ? Array.isArray(json) : isJsonObject(json);
      return fits && json !== undefined
        ? { ok: true, value: json }
        : wrong(`JSON, an ${affordance.type}`, said);
    }
  }
}

/** The words of the device for a value. @returns undefined where it has none. */
export function spelled(value: Json, spelling: Spelling): number | string | undefined {
  const { offset, scale, words } = spelling;
  if (words !== undefined) {
    for (const [word, meant] of words) if (jsonEqual(meant, value)) return word;
    return undefined;
  }
  if (typeof value === "number") return rounded((value - offset) / scale, scale !== 1 || offset !== 0);
  return textOf(value);
}

function rounded(value: number, calculated: boolean): number {
  return calculated ? Number(value.toPrecision(DIGITS)) : value;
}

function numberOf(said: Json): number | undefined {
  if (typeof said === "number") return Number.isFinite(said) ? said : undefined;
  return typeof said === "string" ? readDecimal(said) : undefined;
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function wrong(expected: string, found: Json): Decoded {
  return { ok: false, problem: `expected ${expected}, found ${show(found)}` };
}
