import { isJsonObject, type Json, readDecimal, type UnclaimedTopicView } from "@tram/protocol";
import { parseBounded } from "../foreign/json-payload.ts";
import { PAIRS } from "./topic-words.ts";
import type { Unclaimed } from "./unclaimed-topics.ts";

/** What kind of values were seen. */
export type SeenKind = UnclaimedTopicView["kind"];

/** The kind of what a topic says, by the payloads that were seen. */
export function kindOf({
  clipped,
  payload,
  samples,
}: Pick<Unclaimed, "clipped" | "payload" | "samples">): SeenKind {
  if (payload === undefined) return "other";
  if (clipped) return payload.trimStart().startsWith("{") ? "object" : "text";
  return kindOfTexts(samples.length === 0 ? [payload] : samples);
}

export function kindOfTexts(texts: readonly string[]): SeenKind {
  if (texts.every((text) => readDecimal(text) !== undefined)) return "number";
  if (pairOf(texts) !== undefined) return "boolean";
  return texts.every((text) => objectOf(text) !== undefined) ? "object" : "text";
}

export function objectOf(text: string): { readonly [name: string]: Json } | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  const json = parseBounded(text);
  return isJsonObject(json) ? json : undefined;
}

/** The words for true and false that all the texts are of, written as they are. */
export function pairOf(
  texts: readonly string[],
  pairs: readonly (readonly [yes: string, no: string])[] = PAIRS,
): readonly [yes: string, no: string] | undefined {
  const [first] = texts;
  if (first === undefined) return undefined;
  const written = texts.map((text) => text.trim());
  const pair = pairs.find((each) => written.every((text) => each.includes(text.toLowerCase())));
  if (pair === undefined) return undefined;
  const [sample = ""] = written;
  const style = styleOf(sample);
  const as = (word: string): string => written.find((text) => text.toLowerCase() === word) ?? style(word);
  return [as(pair[0]), as(pair[1])];
}

function styleOf(sample: string): (word: string) => string {
  if (sample === sample.toLowerCase()) return (word) => word;
  if (sample === sample.toUpperCase()) return (word) => word.toUpperCase();
  return (word) => word.slice(0, 1).toUpperCase() + word.slice(1);
}
