import { type EpochMs, isJsonObject, type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import type { AwsIotLimits } from "./limits.ts";

/** What the Device Shadow service keeps under one name ("Device Shadow service documents"). */
export interface ShadowDocument {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  /** The same shape, with a `{ timestamp }` (seconds) where the state has a value. */
  readonly desiredAt: JsonObject;
  readonly reportedAt: JsonObject;
  readonly version: number;
}

/** "Device Shadow error messages". */
export interface ShadowFault {
  readonly code: 400 | 404 | 409 | 413 | 429;
  readonly message: string;
}

/** A request to change a shadow that could be read. */
export interface ShadowUpdate {
  readonly desired?: JsonObject | null;
  readonly reported?: JsonObject | null;
  readonly version?: number;
}

type ShadowLimits = Pick<AwsIotLimits, "shadowBytes" | "shadowDepth" | "clientTokenBytes">;

/** The token by which the sender knows the answer to its request. Undefined: there is none that can be sent back. */
export function clientTokenOf(payload: Buffer): string | undefined {
  const body = parsed(payload);
  const token = isJsonObject(body) ? body.clientToken : undefined;
  return typeof token === "string" ? token : undefined;
}

/** Reads an update, or says what is wrong with it. */
export function readUpdate(payload: Buffer, limits: ShadowLimits): ShadowUpdate | ShadowFault {
  if (payload.length > limits.shadowBytes) return TOO_LARGE;
  const body = parsed(payload);
  if (!isJsonObject(body)) return bad("Payload contains invalid json");
  const { state, version, clientToken } = body;
  if (
    clientToken !== undefined &&
    (typeof clientToken !== "string" || isLong(clientToken, limits.clientTokenBytes))
  )
    return bad("Invalid clientToken");
  if (version !== undefined && !Number.isSafeInteger(version)) return bad("Invalid version");
  if (state === undefined) return bad("Missing required node: state");
  if (!isJsonObject(state)) return bad("State node must be an object");
  const stranger = Object.keys(state).find((key) => key !== "desired" && key !== "reported");
  if (stranger !== undefined) return bad(`State contains an invalid node: '${stranger}'`);
  const { desired, reported } = state;
  if (!isSection(desired)) return bad("Desired node must be an object");
  if (!isSection(reported)) return bad("Reported node must be an object");
  for (const section of [desired, reported]) {
    if (depth(section ?? null) > limits.shadowDepth)
      return bad(`JSON contains too many levels of nesting; maximum is ${limits.shadowDepth}`);
    if (hasNullInArray(section ?? null)) return bad("Desired or reported contains an array with a null");
  }
  return {
    ...(desired === undefined ? {} : { desired }),
    ...(reported === undefined ? {} : { reported }),
    ...(typeof version === "number" ? { version } : {}),
  };
}

/**
 * Applies an update.
 * @param document undefined: there is none yet, and `lastVersion` is the version of the one that was deleted, or 0.
 */
export function applyUpdate(
  document: ShadowDocument | undefined,
  update: ShadowUpdate,
  {
    at,
    lastVersion,
    limits,
  }: { at: EpochMs; lastVersion: number; limits: Pick<AwsIotLimits, "shadowBytes"> },
): ShadowDocument | ShadowFault {
  const version = document?.version ?? lastVersion;
  // "When you supply a version with an update request, the service rejects the request … if the current version … does not match."
  if (update.version !== undefined && update.version !== version)
    return { code: 409, message: "Version conflict" };
  const stamp = { timestamp: Math.floor(at / 1_000) };
  const [desired, desiredAt] = section(document?.desired, document?.desiredAt, update.desired, stamp);
  const [reported, reportedAt] = section(document?.reported, document?.reportedAt, update.reported, stamp);
  const next = { desired, reported, desiredAt, reportedAt, version: version + 1 };
  // "Metadata do not contribute to the document size for service limits."
  if (Buffer.byteLength(JSON.stringify(stateOf(next))) > limits.shadowBytes) return TOO_LARGE;
  return next;
}

/** The desired state that is not reported: all of it, whatever the last update was about. */
export function deltaOf({ desired, reported }: ShadowDocument): JsonObject {
  return difference(desired, reported) ?? {};
}

/** The state as it is sent: a section that is empty is left out. */
export function stateOf(document: Pick<ShadowDocument, "desired" | "reported">): JsonObject {
  return sections(document.desired, document.reported);
}

export function metadataOf(document: Pick<ShadowDocument, "desiredAt" | "reportedAt">): JsonObject {
  return sections(document.desiredAt, document.reportedAt);
}

/** The part of the metadata that belongs to a part of the state. */
export function metadataFor(state: JsonObject, metadata: JsonObject): JsonObject {
  const part: Record<string, Json> = {};
  for (const [key, value] of Object.entries(state)) {
    const stamp = metadata[key];
    if (stamp === undefined) continue;
    part[key] = isJsonObject(value) && isJsonObject(stamp) ? metadataFor(value, stamp) : stamp;
  }
  return part;
}

export function isFault(outcome: object): outcome is ShadowFault {
  return "code" in outcome;
}

const TOO_LARGE: ShadowFault = { code: 413, message: "The payload exceeds the maximum size allowed" };

function bad(message: string): ShadowFault {
  return { code: 400, message };
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined; // It is not JSON: the caller says so.
  }
}

function section(
  state: JsonObject = {},
  metadata: JsonObject = {},
  change: JsonObject | null | undefined,
  stamp: JsonObject,
): readonly [JsonObject, JsonObject] {
  if (change === null) return [{}, {}];
  if (change === undefined) return [state, metadata];
  return merge(state, metadata, change, stamp);
}

/** Lays a change over a state: objects key by key, everything else whole, and `null` takes the key away. */
function merge(
  state: JsonObject,
  metadata: JsonObject,
  change: JsonObject,
  stamp: JsonObject,
): readonly [JsonObject, JsonObject] {
  const next: Record<string, Json> = { ...state };
  const nextAt: Record<string, Json> = { ...metadata };
  for (const [key, value] of Object.entries(change)) {
    const before = state[key];
    if (value === null) {
      delete next[key];
      delete nextAt[key];
    } else if (isJsonObject(value)) {
      const beforeAt = metadata[key];
      const [inner, innerAt] = merge(
        isJsonObject(before) ? before : {},
        isJsonObject(before) && isJsonObject(beforeAt) ? beforeAt : {},
        value,
        stamp,
      );
      next[key] = inner;
      nextAt[key] = innerAt;
    } else {
      next[key] = value;
      nextAt[key] = Array.isArray(value) ? value.map(() => stamp) : stamp;
    }
  }
  return [next, nextAt];
}

function difference(wanted: JsonObject, is: JsonObject): JsonObject | undefined {
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries(wanted)) {
    const other = is[key];
    if (isJsonObject(value) && isJsonObject(other)) {
      const inner = difference(value, other);
      if (inner !== undefined) found[key] = inner;
    } else if (!jsonEqual(value, other)) {
      found[key] = value;
    }
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function sections(desired: JsonObject, reported: JsonObject): JsonObject {
  return {
    ...(Object.keys(desired).length === 0 ? {} : { desired }),
    ...(Object.keys(reported).length === 0 ? {} : { reported }),
  };
}

function depth(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value as Record<string, Json>).map(depth);
  return inner.length === 0 ? 0 : 1 + Math.max(...inner);
}

function hasNullInArray(value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) && value.includes(null)) return true;
  return Object.values(value as Record<string, Json>).some(hasNullInArray);
}

function isSection(value: unknown): value is JsonObject | null | undefined {
  return value === undefined || value === null || isJsonObject(value);
}

function isLong(text: string, bytes: number): boolean {
  return Buffer.byteLength(text) > bytes;
}
