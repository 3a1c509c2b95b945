import { isJsonObject, type Json, type JsonObject, show } from "@tram/protocol";
import type { Decoded } from "./foreign-device.ts";

/** Lists and objects within each other: who walks a value, or writes it, does not run out of stack. */
const LEVELS = 32;

/** The latest payload, for one message tells many properties of many devices. */
let latest: { readonly text: string; readonly json: Json | undefined } | undefined;

/** @returns undefined when a payload is no JSON, or one that nests deeper than 32 levels. */
export function parseJson(text: string): Json | undefined {
  // Short ones are read as fast as they are compared, and do not push out a long one.
  if (text.length < 512) return parseBounded(text);
  if (latest?.text !== text) latest = { text, json: parseBounded(text) };
  return latest.json;
}

/** The same for a text that is not looked at again. */
export function parseBounded(text: string): Json | undefined {
  try {
    const json = JSON.parse(text) as Json;
    return nestsWithin(json, LEVELS) ? json : undefined;
  } catch {
    return undefined;
  }
}

function nestsWithin(json: Json, levels: number): boolean {
  if (typeof json !== "object" || json === null) return true;
  return levels > 0 && Object.values(json).every((part) => nestsWithin(part, levels - 1));
}

/** Reads a JSON object. @returns a sentence when it is none, or too large. */
export function readObject(text: string, limitBytes: number): JsonObject | string {
  if (Buffer.byteLength(text) > limitBytes) return `expected at most ${limitBytes} bytes`;
  const json = parseJson(text);
  return isJsonObject(json) ? json : "expected a JSON object";
}

/** An own member, however deep; names that are not there lead nowhere. */
export function at(json: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = json;
  for (const name of path) {
    if (Array.isArray(found)) found = found[Number(name)];
    else found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

/** Reads a part of a JSON payload. What is not there, or is null, tells nothing. */
export function decodeAt(
  path: readonly string[],
  decode: (found: Json) => Json | undefined,
): (payload: string) => Decoded {
  return (payload) => {
    const json = parseJson(payload);
    if (json === undefined) return { ok: false, problem: `expected JSON, found ${show(payload)}` };
    const found = at(json, ...path);
    return found === undefined || found === null ? SILENCE : decoded(decode(found), found);
  };
}

/** Reads a whole payload that is a plain text. */
export function decodeText(decode: (text: string) => Json | undefined): (payload: string) => Decoded {
  return (payload) => (payload === "" ? SILENCE : decoded(decode(payload), payload));
}

export const SILENCE: Decoded = { ok: true, value: undefined };

function decoded(value: Json | undefined, found: Json): Decoded {
  return value === undefined ? { ok: false, problem: `found ${show(found)}` } : { ok: true, value };
}

export function asNumber(found: Json): number | undefined {
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

export function asFlag(found: Json): boolean | undefined {
  return typeof found === "boolean" ? found : undefined;
}

export function asText(found: Json | undefined): string | undefined {
  return typeof found === "string" && found !== "" ? found : undefined;
}
