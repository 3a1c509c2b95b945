import {
  type Availability,
  type Cause,
  checkValue,
  type EpochMs,
  isAway,
  isJsonObject,
  type Json,
  jsonEqual,
  type Origin,
  type PropertyKey,
  type Reading,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import type { Bus, Source, ThingRecord } from "./bus.ts";
import type { Clock } from "./ports/clock.ts";
import type { Store } from "./ports/store.ts";
import { checkThing } from "./thing-check.ts";
import type { Unit } from "./unit.ts";

const THINGS = "things";
const SHADOW = "shadow";

/** A reading as an adapter hands it in. */
export interface Observation {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  readonly value: Json;
  readonly time?: EpochMs;
  readonly cause?: Cause;
  /** The adapter could not even decode the value: keep the property as `bad` for this reason. */
  readonly problem?: string;
}

export type AnnounceResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: "invalid-thing" | "foreign-thing" | "too-many-things";
      readonly path: string;
      readonly problem: string;
    };

export type ReportRefusal = {
  readonly observation: Observation;
  readonly code: "unknown-thing" | "unknown-property" | "foreign-thing";
};

interface Entry {
  record: ThingRecord;
  readonly values: Map<PropertyKey, KnownValue>;
}

interface KnownValue {
  reading: Reading;
  /** The device does not vouch for the value at the moment. */
  stale: boolean;
}

/** Finds the command that a reading answers, so that rule → device → rule loops are seen. */
export type Correlate = (observation: Observation) => Cause | undefined;

export const DEFAULT_MAX_THINGS = 2_000;

/**
 * All Things of the house: their descriptions, who speaks for them, and the last known value of each property
 * (the shadow). Survives restarts; then every value is stale until its device is heard.
 */
export class Registry {
  readonly #clock: Clock;
  readonly #bus: Bus;
  readonly #maxThings: number;
  readonly #entries = new Map<ThingId, Entry>();
  #correlate: Correlate = (observation) => observation.cause;

  constructor(parts: { clock: Clock; bus: Bus }, options: { maxThings?: number } = {}) {
    this.#clock = parts.clock;
    this.#bus = parts.bus;
    this.#maxThings = options.maxThings ?? DEFAULT_MAX_THINGS;
  }

  correlateWith(correlate: Correlate): void {
    this.#correlate = correlate;
  }

  /**
   * Loads what the store kept. Emits nothing.
   * @returns the entries that could not be read; they are left alone in the store.
   */
  async restore(store: Store): Promise<readonly { key: string; problem: string }[]> {
    const refused: { key: string; problem: string }[] = [];
    for (const [key, stored] of await store.entries(THINGS)) {
      const { thing, source } = isJsonObject(stored) ? stored : {};
      const checked = checkThing(thing);
      if (!checked.ok) {
        refused.push({ key, problem: `${checked.path}: ${checked.problem}` });
        continue;
      }
      this.#entries.set(key as ThingId, {
        record: { thing: checked.thing, source: source as Source, availability: "unknown" },
        values: new Map(),
      });
    }
    for (const [key, stored] of await store.entries(SHADOW)) {
      const reading = (isJsonObject(stored) ? stored : {}) as unknown as Reading;
      const entry = this.#entries.get(reading.thing);
      if (entry === undefined) refused.push({ key, problem: "its Thing is unknown" });
      else if (mayStay(entry.record.thing, reading)) {
        entry.values.set(reading.property, { reading, stale: true });
      }
    }
    return refused;
  }

  get(id: ThingId): ThingRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  thing(id: ThingId): Thing | undefined {
    return this.#entries.get(id)?.record.thing;
  }

  *records(): IterableIterator<ThingRecord> {
    for (const entry of this.#entries.values()) yield entry.record;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The last known value of a property with its quality of this moment. */
  read(id: ThingId, property: PropertyKey): Reading | undefined {
    const known = this.#entries.get(id)?.values.get(property);
    return known === undefined ? undefined : withQuality(known);
  }

  /** The last known values of a Thing. */
  readings(id: ThingId): readonly Reading[] {
    return [...(this.#entries.get(id)?.values.values() ?? [])].map(withQuality);
  }

  /** Makes a Thing known or replaces its description. A source speaks for its own Things only. */
  announce(thing: unknown, source: Source, unit: Unit): AnnounceResult {
    const checked = checkThing(thing);
    if (!checked.ok)
      return { ok: false, code: "invalid-thing", path: checked.path, problem: checked.problem };
    const id = checked.thing.id as ThingId;
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.record.source !== source) {
      return {
        ok: false,
        code: "foreign-thing",
        path: "id",
        problem: `${id} belongs to ${entry.record.source}`,
      };
    }
    if (entry === undefined && this.#entries.size >= this.#maxThings) {
      return {
        ok: false,
        code: "too-many-things",
        path: "id",
        problem: `the house is full: ${this.#maxThings} Things`,
      };
    }
    if (
      entry !== undefined &&
      entry.record.problem === undefined &&
      jsonEqual(entry.record.thing as unknown as Json, checked.thing as unknown as Json)
    ) {
      return { ok: true };
    }
    const record: ThingRecord = {
      thing: checked.thing,
      source,
      availability: entry?.record.availability ?? "init",
    };
    const values = entry?.values ?? new Map<PropertyKey, KnownValue>();
    for (const [property, { reading }] of values) {
      if (mayStay(checked.thing, reading)) continue;
      values.delete(property);
      unit.delete(SHADOW, shadowKey(id, property));
    }
    this.#entries.set(id, { record, values });
    unit.put(THINGS, id, { thing: checked.thing as unknown as Json, source });
    unit.require("power");
    this.#bus.emit("thing", record, unit);
    return { ok: true };
  }

  /** Shows that the latest description of a known Thing was refused; the older one stays in use. */
  noteProblem(id: ThingId, problem: string, unit: Unit): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.record.problem === problem) return;
    entry.record = { ...entry.record, problem };
    this.#bus.emit("thing", entry.record, unit);
  }

  retire(id: ThingId, source: Source, unit: Unit): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.record.source !== source) return false;
    this.#entries.delete(id);
    unit.delete(THINGS, id);
    for (const property of entry.values.keys()) unit.delete(SHADOW, shadowKey(id, property));
    unit.require("power");
    this.#bus.emit("retired", { id, source }, unit);
    return true;
  }

  /**
   * Records that a Thing came or went. Away, its values are stale; ready again, it vouches for them as they are
   * (Homie 5.0 "Device Lifecycle": `ready` says that all values on the broker are current).
   */
  setAvailability(id: ThingId, availability: Availability, unit: Unit): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const previous = entry.record.availability;
    if (previous !== availability) {
      entry.record = { ...entry.record, availability };
      this.#bus.emit("availability", { record: entry.record, previous }, unit);
    }
    // Also when it is no news: a first reading makes a Thing ready, and vouches for one value only.
    if (isAway(availability)) this.#markStale(entry, true, unit);
    else if (availability === "ready") this.#markStale(entry, false, unit);
  }

  /** Nobody vouches for the value of a property any more: its source has said nothing of it for too long. */
  expire(id: ThingId, property: PropertyKey, unit: Unit): void {
    const known = this.#entries.get(id)?.values.get(property);
    if (known === undefined || known.stale) return;
    known.stale = true;
    if (known.reading.quality === "good") this.#bus.emit("quality", { reading: withQuality(known) }, unit);
  }

  /**
   * Takes readings from the source of their Things. A value that the Thing's description forbids keeps the last good
   * one and marks it `bad` with the reason.
   * @returns the readings that fit no Thing of this source.
   */
  report(
    observations: readonly Observation[],
    by: { source: Source; origin: Origin },
    unit: Unit,
  ): readonly ReportRefusal[] {
    const refused: ReportRefusal[] = [];
    for (const observation of observations) {
      const entry = this.#entries.get(observation.thing);
      if (entry === undefined) {
        refused.push({ observation, code: "unknown-thing" });
      } else if (entry.record.source !== by.source) {
        refused.push({ observation, code: "foreign-thing" });
      } else if (!Object.hasOwn(entry.record.thing.properties, observation.property)) {
        refused.push({ observation, code: "unknown-property" });
      } else {
        this.#take(entry, observation, by.origin, unit);
      }
    }
    return refused;
  }

  #take(entry: Entry, observation: Observation, origin: Origin, unit: Unit): void {
    const affordance = entry.record.thing.properties[observation.property];
    if (affordance === undefined) return;
    const previous = entry.values.get(observation.property)?.reading;
    const check =
      observation.problem === undefined
        ? checkValue(affordance, observation.value)
        : { ok: false as const, problem: observation.problem };
    const now = this.#clock.now();
    const time = isMoment(observation.time) ? observation.time : undefined;
    if (
      check.ok &&
      time !== undefined &&
      previous?.time === time &&
      previous.quality === "good" &&
      jsonEqual(previous.value, check.value)
    ) {
      return; // The same observation once more, over another link or after a lost acknowledgement.
    }
    const cause = check.ok ? this.#correlate({ ...observation, value: check.value }) : undefined;
    const reading: Reading = {
      thing: observation.thing,
      property: observation.property,
      value: check.ok ? check.value : (previous?.value ?? null),
      quality: check.ok ? "good" : "bad",
      time: time ?? now,
      receivedAt: now,
      origin,
      ...(cause === undefined ? {} : { cause }),
      ...(check.ok ? {} : { problem: check.problem }),
    };
    entry.values.set(observation.property, { reading, stale: false });
    if (affordance.momentary !== true) {
      unit.put(SHADOW, shadowKey(reading.thing, reading.property), reading as unknown as Json);
    }
    if (entry.record.availability === "unknown") {
      // Heard for the first time since the start: it is there, though it vouches for this one value only.
      entry.record = { ...entry.record, availability: "ready" };
      this.#bus.emit("availability", { record: entry.record, previous: "unknown" }, unit);
    }
    this.#bus.emit("reading", { reading, previous }, unit);
  }

  #markStale(entry: Entry, stale: boolean, unit: Unit): void {
    for (const [property, known] of entry.values) {
      if (known.stale === stale || entry.record.thing.properties[property]?.momentary === true) continue;
      known.stale = stale;
      if (known.reading.quality === "good") this.#bus.emit("quality", { reading: withQuality(known) }, unit);
    }
  }
}

function withQuality(known: KnownValue): Reading {
  return known.stale && known.reading.quality === "good"
    ? { ...known.reading, quality: "stale" }
    : known.reading;
}

/** A value stays known as long as the description names its property, as a state, and allows the value. */
function mayStay(thing: Thing, { property, value }: Reading): boolean {
  const affordance = Object.hasOwn(thing.properties, property) ? thing.properties[property] : undefined;
  if (affordance === undefined || affordance.momentary === true) return false;
  return value === null || checkValue(affordance, value).ok;
}

/** ECMA-262 "Time Values": what a date can be made of. */
function isMoment(time: EpochMs | undefined): time is EpochMs {
  return time !== undefined && Math.abs(time) <= 8.64e15;
}

function shadowKey(id: ThingId, property: PropertyKey): string {
  return `${id}/${property}`;
}
