import { isJson, isJsonObject, type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import { AWS_LIMITS } from "./limits.ts";

/** Where a value stands in a section of a shadow: `[node, property]` for a property of a Thing. */
export type ShadowPath = readonly string[];

/** A shadow as AWS IoT tells it, without what we do not need of it. */
export interface ShadowDocument {
  /** Grows with every update. 0 while there is none. */
  readonly version: number;
  readonly desired: JsonObject;
  readonly reported: JsonObject;
}

export const NO_SHADOW: ShadowDocument = { version: 0, desired: {}, reported: {} };

/** A value that the cloud wants to be another than the one reported. */
export interface Wish {
  readonly path: ShadowPath;
  readonly value: Json;
  /** When it was written, in seconds since 1970 by the cloud's clock, as its metadata says. */
  readonly at: number | undefined;
}

/** Deeper than this nothing is looked at: what is parsed may nest as deep as its length allows. */
const LEVELS = 32;
/** Wishes of one shadow; what 8 KB can hold of sensible ones. */
const MOST_WISHES = 256;

/** Reads the payload of a message about a shadow. @returns `undefined` when it is no JSON object. */
export function parseShadowMessage(payload: Uint8Array): JsonObject | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch {
    return undefined;
  }
  return isJson(parsed, LEVELS) && isJsonObject(parsed) ? parsed : undefined;
}

/** The answer to `get`. @returns `undefined` when it is none. */
export function readDocument(message: JsonObject): ShadowDocument | undefined {
  const { state, version } = message;
  if (!isJsonObject(state) || !isVersion(version)) return undefined;
  return { version, desired: section(state.desired), reported: section(state.reported) };
}

export function isVersion(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function section(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/**
 * What a shadow asks for: each property that is desired and not reported. Of an object the difference alone is told,
 * so what is reported of it is completed by what is asked.
 * @param delta of a delta message or of the answer to `get`.
 * @param metadata of `desired`, or of the delta, whose members have the same shape.
 */
export function wishesOf(delta: JsonObject, reported: JsonObject, metadata: JsonObject): readonly Wish[] {
  const wishes: Wish[] = [];
  const add = (path: ShadowPath, difference: Json): void => {
    const value = merged(valueAt(reported, path), difference) ?? null;
    wishes.push({ path, value, at: newest(valueAt(metadata, path)) });
  };
  for (const [node, properties] of Object.entries(delta)) {
    const inner = isJsonObject(properties) ? Object.entries(properties) : [];
    if (inner.length === 0) add([node], properties);
    for (const [property, difference] of inner) add([node, property], difference);
    if (wishes.length >= MOST_WISHES) return wishes.slice(0, MOST_WISHES);
  }
  return wishes;
}

/** The newest timestamp in a member of a metadata section. */
function newest(metadata: Json | undefined): number | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const { timestamp } = metadata;
  if (typeof timestamp === "number") return timestamp;
  const inner = Object.values(metadata).map(newest);
  return inner.reduce(
    (latest, at) => (at !== undefined && (latest === undefined || at > latest) ? at : latest),
    undefined,
  );
}

export function valueAt(tree: JsonObject, path: ShadowPath): Json | undefined {
  let value: Json | undefined = tree;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** An object of nothing but `value` at `path`. */
export function treeOf(path: ShadowPath, value: Json): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return section(value);
  return Object.fromEntries([[key, rest.length === 0 ? value : treeOf(rest, value)]]);
}

/**
 * What AWS IoT makes of a value and an update of it: objects are merged member by member, `null` removes, everything
 * else replaces (developer guide, "Device Shadow service documents"; as RFC 7396).
 * @returns `undefined` when nothing is left.
 */
export function merged(old: Json | undefined, update: Json | undefined): Json | undefined {
  if (update === undefined) return old;
  if (update === null) return undefined;
  if (!isJsonObject(update)) return update;
  const result = new Map<string, Json>(isJsonObject(old) ? Object.entries(old) : []);
  for (const [key, value] of Object.entries(update)) {
    const inner = merged(result.get(key), value);
    if (inner === undefined) result.delete(key);
    else result.set(key, inner);
  }
  return Object.fromEntries(result);
}

/** `merged` for a whole section, of which an empty object is left. */
export function mergedSection(old: JsonObject, update: JsonObject): JsonObject {
  return section(merged(old, update));
}

/**
 * The update that makes `reported` equal `wanted`.
 * @returns `undefined` when it is so already: only differences cross the line.
 */
export function patchOf(reported: Json | undefined, wanted: Json): Json | undefined {
  const goal = withoutNulls(wanted);
  if (goal === undefined) return reported === undefined ? undefined : null;
  if (!isJsonObject(goal) || !isJsonObject(reported)) return jsonEqual(reported, goal) ? undefined : goal;
  const patch: [string, Json][] = [];
  for (const key of Object.keys(reported)) if (!Object.hasOwn(goal, key)) patch.push([key, null]);
  for (const [key, value] of Object.entries(goal)) {
    const inner = patchOf(Object.hasOwn(reported, key) ? reported[key] : undefined, value);
    if (inner !== undefined) patch.push([key, inner]);
  }
  return patch.length === 0 ? undefined : Object.fromEntries(patch);
}

/** A shadow cannot hold `null`: a member that is null is a member that is not there. */
function withoutNulls(value: Json): Json | undefined {
  if (value === null) return undefined;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, Json][] => {
      const kept = withoutNulls(inner);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}

/** Why a value can never be in a shadow, or `undefined` when it can. */
export function misshapen(path: ShadowPath, value: Json): string | undefined {
  if (!isJson(value, AWS_LIMITS.shadowLevels - path.length)) {
    return `it nests deeper than the ${AWS_LIMITS.shadowLevels} levels of a shadow`;
  }
  if (hasNullInArray(value)) return "a shadow takes no null in a list";
  return undefined;
}

function hasNullInArray(value: Json): boolean {
  if (Array.isArray(value)) return value.some((item: Json) => item === null || hasNullInArray(item));
  return isJsonObject(value) && Object.values(value).some(hasNullInArray);
}

/** Size of a shadow as its quota counts it, in bytes. */
export function shadowBytes({ desired, reported }: Pick<ShadowDocument, "desired" | "reported">): number {
  return Buffer.byteLength(JSON.stringify({ desired, reported }));
}
