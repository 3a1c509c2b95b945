import {
  checkValue,
  type Instant,
  isJsonObject,
  type Json,
  type Ms,
  type PropertyKey,
  type Reading,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import type { ReportRhythm } from "./report-rhythm.ts";

/** Table of the last known values. */
export const SHADOW = "shadow";

export interface KnownValue {
  /** Under which it is kept. */
  readonly key: string;
  reading: Reading;
  /** The device does not vouch for the value at the moment. */
  stale: boolean;
  /** Over which link it came; `undefined` for one from before the start. */
  by: ThingId | undefined;
  /** When it was heard, on the monotonic clock; `undefined` for one from before the start. */
  heardAt: Ms | undefined;
  /** Since when it has been this value; `undefined` where it was that before the start. */
  since: Instant | undefined;
  rhythm: ReportRhythm | undefined;
}

/** A value of which nothing is known but what the store kept. */
export function rememberedValue(reading: Reading): KnownValue {
  const key = shadowKey(reading.thing, reading.property);
  return {
    key,
    reading,
    stale: true,
    by: undefined,
    heardAt: undefined,
    since: undefined,
    rhythm: undefined,
  };
}

/** The reading with its quality of this moment. */
export function withQuality(known: KnownValue): Reading {
  return known.stale && known.reading.quality === "good"
    ? { ...known.reading, quality: "stale" }
    : known.reading;
}

/** A value stays known as long as the description names its property, as a state, and allows the value. */
export function mayStay(thing: Thing, { property, value }: Reading): boolean {
  const affordance = Object.hasOwn(thing.properties, property) ? thing.properties[property] : undefined;
  if (affordance === undefined || affordance.momentary === true) return false;
  return value === null || checkValue(affordance, value).ok;
}

/** A reading as the store keeps it: without what its key says, or another part of it. */
export function rowOf({ thing: _thing, property: _property, ...rest }: Reading): Json {
  const { receivedAt, ...less } = rest;
  return (receivedAt === rest.time ? less : rest) as unknown as Json;
}

/** The reading of a row. An older one says everything itself. @returns undefined when it can be none. */
export function readingOf(key: string, row: Json): Reading | undefined {
  const [thing = "", property] = split(key);
  if (property === undefined || !isJsonObject(row)) return undefined;
  return { thing, property, receivedAt: row.time, ...row } as unknown as Reading;
}

/** The id of a Thing has no slash, the key of a property one. */
function split(key: string): string[] {
  const at = key.indexOf("/");
  return at < 0 ? [key] : [key.slice(0, at), key.slice(at + 1)];
}

export function shadowKey(id: ThingId, property: PropertyKey): string {
  // Joined it lies in one piece; a template would be a chain of its parts, which is twice as large and stays so.
  return [id, property].join("/");
}
