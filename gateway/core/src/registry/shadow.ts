import {
  checkValue,
  type Instant,
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
  reading: Reading;
  /** The device does not vouch for the value at the moment. */
  stale: boolean;
  /** Over which link it came; `undefined` for one from before the start. */
  by?: ThingId;
  /** When it was heard, on the monotonic clock; `undefined` for one from before the start. */
  heardAt?: Ms;
  /** Since when it has been this value; `undefined` where it was that before the start. */
  since?: Instant;
  rhythm?: ReportRhythm;
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

export function shadowKey(id: ThingId, property: PropertyKey): string {
  return `${id}/${property}`;
}
