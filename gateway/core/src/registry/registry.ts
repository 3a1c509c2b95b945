import {
  type Availability,
  type Cause,
  checkEventData,
  checkValue,
  eventOf,
  type Instant,
  isAway,
  type Json,
  jsonEqual,
  type Origin,
  type PropertyAffordance,
  type PropertyKey,
  type Reading,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import type { Bus, Source, ThingRecord } from "../bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Unit } from "../unit.ts";
import { Entries, type Entry, THINGS } from "./entries.ts";
import { Household } from "./household.ts";
import { byPreference, type Link, replaced } from "./link.ts";
import type { AnnounceResult, Observation, Occurrence, RaiseResult, ReportRefusal } from "./observation.ts";
import { ReportRhythm } from "./report-rhythm.ts";
import { restoreThings, type UnreadableEntry } from "./restore.ts";
import { type KnownValue, rememberedValue, rowOf, SHADOW, withQuality } from "./shadow.ts";
import { isMoment, SharedMoment } from "./shared-moment.ts";
import { SharedParts } from "./shared-parts.ts";
import { checkThing } from "./thing-check.ts";

type Writable<Record> = { -readonly [Key in keyof Record]: Record[Key] };

/** Finds the command that a reading answers, so that rule → device → rule loops are seen. */
export type Correlate = (observation: Observation) => Cause | undefined;

export const DEFAULT_MAX_THINGS = 2_000;
/** What is told of a device is shown and kept with it, and quotes it. */
const PROBLEM_CHARACTERS = 300;
/** The same value over two links within so long is one observation. In milliseconds. */
export const ECHO_MS = 2_000;

/**
 * All Things of the house: their descriptions, who speaks for them, and the last known value of each property
 * (the shadow). Survives restarts; then every value is stale until its device is heard.
 *
 * Sources name a Thing as they call it; everybody else names it by its id. Those differ where a device took the place of
 * another, or is reached in several ways.
 */
export class Registry {
  /** What the owner decides about the Things. */
  readonly household: Household;
  readonly #clock: Clock;
  readonly #bus: Bus;
  readonly #maxThings: number;
  readonly #root: string | undefined;
  readonly #entries: Entries;
  readonly #parts = new SharedParts();
  readonly #moment: SharedMoment;
  #correlate: Correlate = (observation) => observation.cause;

  /** @param options.root id of the gateway, which is the root of its Things in Homie and no Thing. */
  constructor(parts: { clock: Clock; bus: Bus }, options: { maxThings?: number; root?: string } = {}) {
    this.#clock = parts.clock;
    this.#moment = new SharedMoment(parts.clock);
    this.#bus = parts.bus;
    this.#maxThings = options.maxThings ?? DEFAULT_MAX_THINGS;
    this.#entries = new Entries(parts.bus);
    this.#root = options.root;
    this.household = new Household(parts.bus, this.#entries, options.root);
  }

  correlateWith(correlate: Correlate): void {
    this.#correlate = correlate;
  }

  /**
   * Loads what the store kept. Emits nothing.
   * @returns the entries that could not be read; they are left alone in the store.
   */
  async restore(store: Store): Promise<readonly UnreadableEntry[]> {
    const unreadable = await this.household.restore(store);
    const room = { entries: this.#entries, household: this.household, parts: this.#parts, root: this.#root };
    return [...unreadable, ...(await restoreThings(store, room))];
  }

  get(id: ThingId): ThingRecord | undefined {
    return this.#entries.byId.get(id)?.record;
  }

  thing(id: ThingId): Thing | undefined {
    return this.#entries.byId.get(id)?.record.thing;
  }

  *records(): IterableIterator<ThingRecord> {
    for (const entry of this.#entries.byId.values()) yield entry.record;
  }

  get size(): number {
    return this.#entries.byId.size;
  }

  /** Id of the Thing that a source calls `name`; the name itself where it is nobody's. */
  resolve(name: ThingId): ThingId {
    return this.#entries.resolve(name);
  }

  /** Who speaks for the device that is called `name`. */
  speaker(name: ThingId): Source | undefined {
    return this.#entries.link(name)?.link.source;
  }

  /** The ways to a Thing, the one to be tried first at the front. */
  links(id: ThingId): readonly Link[] {
    return byPreference(this.#entries.byId.get(id)?.links ?? []);
  }

  /** The links of a Thing in the order in which they were added. */
  keptLinks(id: ThingId): readonly Link[] {
    return this.#entries.byId.get(id)?.links ?? [];
  }

  /** What a source calls the devices that it speaks for. */
  namesOf(source: Source): readonly ThingId[] {
    return [...this.#entries.byId.values()].flatMap(({ links }) =>
      links.filter((link) => link.source === source).map(({ id }) => id),
    );
  }

  /** The last known value of a property with its quality of this moment. */
  read(id: ThingId, property: PropertyKey): Reading | undefined {
    const known = this.#entries.byId.get(id)?.values.get(property);
    return known === undefined ? undefined : withQuality(known);
  }

  /** Since when a property has had its value; `undefined` where it had it before the start, or has none. */
  since(id: ThingId, property: PropertyKey): Instant | undefined {
    return this.#entries.byId.get(id)?.values.get(property)?.since;
  }

  /** The last known values of a Thing. */
  readings(id: ThingId): readonly Reading[] {
    return [...(this.#entries.byId.get(id)?.values.values() ?? [])].map(withQuality);
  }

  /** Everything that is known of the values, for those who watch over them. */
  *values(): IterableIterator<{
    readonly affordance: PropertyAffordance | undefined;
    readonly known: KnownValue;
  }> {
    for (const { record, values } of this.#entries.byId.values()) {
      for (const [property, known] of values) yield { affordance: record.thing.properties[property], known };
    }
  }

  /** Makes a Thing known or replaces its description. A source speaks for its own Things only. */
  announce(thing: unknown, source: Source, unit: Unit): AnnounceResult {
    const checked = checkThing(thing);
    if (!checked.ok)
      return { ok: false, code: "invalid-thing", path: checked.path, problem: checked.problem };
    const name = checked.thing.id as ThingId;
    if (name === this.#root)
      return { ok: false, code: "foreign-thing", path: "id", problem: `${name} is the gateway itself` };
    const id = this.#entries.resolve(name);
    const entry = this.#entries.byId.get(id);
    const link = entry?.links.find((each) => each.id === name);
    if (entry !== undefined && link?.source !== source) {
      const problem =
        link === undefined
          ? `another device has taken the place of ${name}`
          : `${name} belongs to ${link.source}`;
      return { ok: false, code: "foreign-thing", path: "id", problem };
    }
    if (entry === undefined && this.size >= this.#maxThings) {
      const problem = `the house is full: ${this.#maxThings} Things`;
      return { ok: false, code: "too-many-things", path: "id", problem };
    }
    if (
      entry !== undefined &&
      link !== undefined &&
      entry.record.problem === undefined &&
      jsonEqual(link.described as unknown as Json, checked.thing as unknown as Json)
    ) {
      return { ok: true };
    }
    const described = this.#parts.share(checked.thing);
    const next: Link = {
      id: name,
      source,
      described,
      availability: link?.availability ?? "init",
    };
    if (entry === undefined) {
      const added = this.#entries.add(id, [next], this.household.settingsOf(id));
      if (added !== undefined) this.#bus.emit("thing", added.record, unit);
    } else {
      this.#entries.setLinks(id, entry, replaced(entry.links, next));
      this.#entries.refresh(id, entry, unit);
    }
    this.#entries.keepLink(id, next, unit);
    return { ok: true };
  }

  /** Shows that the latest description of a known Thing was refused; the older one stays in use. */
  noteProblem(name: ThingId, told: string, unit: Unit): void {
    const entry = this.#entries.link(name)?.entry;
    const problem = told.slice(0, PROBLEM_CHARACTERS);
    if (entry === undefined || entry.record.problem === problem) return;
    entry.record = { ...entry.record, problem };
    this.#bus.emit("thing", entry.record, unit);
  }

  /** The source has no such device any more. A Thing that is reached over another link stays. */
  retire(name: ThingId, source: Source, unit: Unit): boolean {
    const { entry, link } = this.#entries.link(name) ?? {};
    if (entry === undefined || link?.source !== source) return false;
    const id = this.#entries.resolve(name);
    const left = entry.links.filter((each) => each !== link);
    unit.delete(THINGS, name);
    unit.require("power");
    if (left.length > 0) {
      this.#entries.setLinks(id, entry, left);
      this.#entries.refresh(id, entry, unit);
      return true;
    }
    this.#entries.remove(id);
    for (const { key } of entry.values.values()) unit.delete(SHADOW, key);
    this.#bus.emit("retired", { id, source }, unit);
    return true;
  }

  /**
   * Records that a device came or went. Away, its values are stale; ready again, it vouches for them as they are
   * (Homie 5.0 "Device Lifecycle": `ready` says that all values on the broker are current).
   */
  setAvailability(name: ThingId, availability: Availability, unit: Unit): void {
    const { entry, link } = this.#entries.link(name) ?? {};
    if (entry === undefined || link === undefined) return;
    if (link.availability !== availability) this.#setLink(entry, { ...link, availability }, unit);
    // Also when it is no news: a first reading makes a Thing ready, and vouches for one value only.
    if (isAway(availability)) this.#markStale(entry, name, true, unit);
    else if (availability === "ready") this.#markStale(entry, name, false, unit);
  }

  /** Nobody vouches for the value of a property any more: its source has said nothing of it for too long. */
  expire(name: ThingId, property: PropertyKey, unit: Unit): void {
    const known = this.#entries.byId.get(this.resolve(name))?.values.get(property);
    if (known === undefined || known.stale) return;
    known.stale = true;
    if (known.reading.quality === "good") this.#bus.emit("quality", { reading: withQuality(known) }, unit);
  }

  /** Puts right when a reading was taken, which nobody knew at the time. */
  correctTime(known: KnownValue, reading: Reading, unit: Unit): void {
    const previous = known.reading;
    known.reading = reading;
    unit.put(SHADOW, known.key, rowOf(reading));
    this.#bus.emit("repaired", { reading: withQuality(known), previous }, unit);
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
      const id = this.#entries.resolve(observation.thing);
      const entry = this.#entries.byId.get(id);
      if (entry === undefined) {
        refused.push({ observation, code: "unknown-thing" });
        continue;
      }
      const link = entry.links.find((each) => each.id === observation.thing);
      if (link?.source !== by.source) refused.push({ observation, code: "foreign-thing" });
      else if (!Object.hasOwn(entry.record.thing.properties, observation.property)) {
        refused.push({ observation, code: "unknown-property" });
      } else {
        const named = id === observation.thing ? observation : { ...observation, thing: id };
        this.#take(entry, link, named, by.origin, unit);
      }
    }
    return refused;
  }

  /**
   * Passes on that something happened at a Thing, from the source of the Thing. Nothing of it is kept here: whoever
   * needs it later adds that to the unit.
   */
  raise(occurrence: Occurrence, by: { source: Source; origin: Origin }, unit: Unit): RaiseResult {
    const { event } = occurrence;
    const { entry, link } = this.#entries.link(occurrence.thing) ?? {};
    if (entry === undefined) return { ok: false, code: "unknown-thing", problem: "is not known" };
    if (link?.source !== by.source) {
      return { ok: false, code: "foreign-thing", problem: "belongs to another source" };
    }
    const affordance = eventOf(entry.record.thing, event);
    if (affordance === undefined) return { ok: false, code: "unknown-event", problem: "has no such event" };
    const check = checkEventData(affordance, occurrence.data);
    if (!check.ok) return { ok: false, code: "invalid-data", problem: check.problem };
    const thing = this.#entries.resolve(occurrence.thing);
    const receivedAt = this.#clock.now();
    const time = isMoment(occurrence.time) ? occurrence.time : receivedAt;
    // Heard for the first time since the start: it is there, though it vouches for no value.
    if (link.availability === "unknown") this.#setLink(entry, { ...link, availability: "ready" }, unit);
    this.#bus.emit("event", { thing, event, data: check.value, time, receivedAt, origin: by.origin }, unit);
    return { ok: true };
  }

  #take(entry: Entry, link: Link, observation: Observation, origin: Origin, unit: Unit): void {
    const affordance = entry.record.thing.properties[observation.property];
    if (affordance === undefined) return;
    const known = entry.values.get(observation.property);
    const previous = known?.reading;
    const check =
      observation.problem === undefined
        ? checkValue(affordance, observation.value)
        : { ok: false as const, problem: observation.problem };
    const now = this.#clock.now();
    const heardAt = this.#clock.monotonic();
    const time = isMoment(observation.time) ? observation.time : undefined;
    const same = check.ok && previous?.quality === "good" && jsonEqual(previous.value, check.value);
    // The same observation once more, after a lost acknowledgement.
    if (same && time !== undefined && previous.time === time) return;
    if (check.ok && known?.by !== undefined && known.by !== link.id) {
      // The same observation over another link, or an older one over a slower link.
      if (time !== undefined && time <= known.reading.time) return;
      if (time === undefined && same && heardAt - (known.heardAt ?? 0) <= ECHO_MS) return;
    }
    const cause = check.ok ? this.#correlate({ ...observation, value: check.value }) : undefined;
    // Each message brings names of its own; of what stays, one is enough.
    const { thing, property } = known?.reading ?? {
      thing: sameText(entry.record.thing.id, observation.thing),
      property: observation.property,
    };
    // What few readings have is added to those alone: an object literal reserves room for all that it names.
    const reading: Writable<Reading> = {
      thing,
      property,
      value: check.ok ? check.value : (previous?.value ?? null),
      quality: check.ok ? "good" : "bad",
      time: time ?? now,
      receivedAt: now,
      origin,
    };
    if (cause !== undefined) reading.cause = cause;
    if (!check.ok) reading.problem = check.problem.slice(0, PROBLEM_CHARACTERS);
    if (this.#clock.trust === "untrusted") {
      reading.taken = { bootId: this.#clock.bootId, monotonic: heardAt };
    }
    const value = known ?? rememberedValue(reading);
    if (known === undefined) entry.values.set(property, value);
    value.rhythm = affordance.momentary === true ? undefined : (value.rhythm ?? new ReportRhythm());
    if (value.heardAt !== undefined) value.rhythm?.heard(heardAt - value.heardAt, same);
    if (previous === undefined || !jsonEqual(previous.value, reading.value)) value.since = this.#moment.now();
    value.reading = reading;
    value.stale = false;
    value.by = link.id;
    value.heardAt = heardAt;
    if (affordance.momentary !== true) unit.put(SHADOW, value.key, rowOf(reading));
    // Heard for the first time since the start: it is there, though it vouches for this one value only.
    if (link.availability === "unknown") this.#setLink(entry, { ...link, availability: "ready" }, unit);
    this.#bus.emit("reading", { reading, previous }, unit);
  }

  /** A link's availability is known anew; that of the Thing follows. */
  #setLink(entry: Entry, link: Link, unit: Unit): void {
    const id = this.#entries.resolve(link.id);
    this.#entries.setLinks(id, entry, replaced(entry.links, link));
    const previous = entry.record;
    entry.record = this.#entries.withLinks(id, entry);
    if (entry.record.availability !== previous.availability) {
      const { availability } = previous;
      this.#bus.emit("availability", { record: entry.record, previous: availability }, unit);
    }
  }

  /** What came over a link is worth what the link is worth. */
  #markStale(entry: Entry, name: ThingId, stale: boolean, unit: Unit): void {
    const main = entry.links[0]?.id;
    for (const [property, known] of entry.values) {
      if (known.stale === stale || (known.by ?? main) !== name) continue;
      if (entry.record.thing.properties[property]?.momentary === true) continue;
      known.stale = stale;
      if (known.reading.quality === "good") this.#bus.emit("quality", { reading: withQuality(known) }, unit);
    }
  }
}

/** The one that is held anyway, where both say the same. */
function sameText<Text extends string>(held: string, text: Text): Text {
  return held === text ? (held as Text) : text;
}
