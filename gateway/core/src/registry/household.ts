import {
  Area,
  isJsonObject,
  type Json,
  MAX_AREAS,
  type SettingsProblem,
  schemaProblems,
  settingsProblems,
  type ThingId,
  ThingSettings,
} from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import type { Bus, Source } from "../bus.ts";
import type { Store } from "../ports/store.ts";
import type { Unit } from "../unit.ts";
import { type Entries, type Entry, THINGS } from "./entries.ts";
import type { Link } from "./link.ts";
import type { UnreadableEntry } from "./restore.ts";
import { mayStay, rowOf, SHADOW, shadowKey } from "./shadow.ts";

const SETTINGS = "thing-settings";
const AREAS = "areas";
/** A device has few radios, and a house few gateways that hear it. */
const MAX_LINKS = 8;
/** As many as a house may have Things. */
const MAX_SETTINGS = 2_000;

const settingsValidator = Compile(ThingSettings);
const areaValidator = Compile(Area);

/** Why the owner's wish was not done. */
export interface HouseholdRefusal {
  readonly ok: false;
  readonly code: "unknown-thing" | "unknown-area" | "invalid" | "same-thing" | "too-many";
  readonly path: string;
  readonly problem: string;
}

export type HouseholdResult = { readonly ok: true } | HouseholdRefusal;

const DONE = { ok: true } as const;

/**
 * What the owner of the house decides about its Things: names, areas, notes, safe states; which devices are one Thing,
 * and which one takes the place of another. A Thing keeps all of it, and its history and its rules with its id, whatever
 * device is behind it.
 */
export class Household {
  readonly #bus: Bus;
  readonly #entries: Entries;
  readonly #root: string | undefined;
  readonly #settings = new Map<ThingId, ThingSettings>();
  readonly #areas = new Map<string, Area>();

  /** @param root id that no Thing may have. */
  constructor(bus: Bus, entries: Entries, root?: string) {
    this.#bus = bus;
    this.#entries = entries;
    this.#root = root;
  }

  /** Loads what the store kept, before the Things. */
  async restore(store: Store): Promise<readonly UnreadableEntry[]> {
    const refused: UnreadableEntry[] = [];
    for (const [key, stored] of await store.entries(SETTINGS)) {
      if (settingsValidator.Check(stored)) this.#settings.set(key as ThingId, stored);
      else refused.push({ key, problem: firstProblem(settingsValidator.Errors(stored), stored).problem });
    }
    for (const [key, stored] of await store.entries(AREAS)) {
      if (areaValidator.Check(stored)) this.#areas.set(key, stored);
      else refused.push({ key, problem: firstProblem(areaValidator.Errors(stored), stored).problem });
    }
    return refused;
  }

  settingsOf(id: ThingId): ThingSettings | undefined {
    return this.#settings.get(id);
  }

  /** Settings of all Things, also of those that are not there at the moment. */
  allSettings(): ReadonlyMap<ThingId, ThingSettings> {
    return this.#settings;
  }

  areas(): readonly Area[] {
    return [...this.#areas.values()];
  }

  area(id: string): Area | undefined {
    return this.#areas.get(id);
  }

  /** Replaces the settings of a Thing; an empty object takes them away. */
  changeSettings(id: ThingId, candidate: unknown, unit: Unit): HouseholdResult {
    const entry = this.#entries.byId.get(id);
    if (entry === undefined) return unknownThing(id);
    const checked = this.#checkSettings(candidate);
    if (!checked.ok) return checked;
    const { settings } = checked;
    const described = entry.record.thing;
    const [problem] = settingsProblems(described, settings);
    if (problem !== undefined) return invalid(problem);
    this.#keepSettings(id, settings, unit);
    this.#apply(id, entry, unit);
    return DONE;
  }

  /** Settings from a file: their Thing may come later, and what does not fit it then has no effect. */
  takeSettings(id: ThingId, candidate: unknown, unit: Unit): HouseholdResult {
    const entry = this.#entries.byId.get(id);
    if (entry !== undefined) return this.changeSettings(id, candidate, unit);
    if (this.#settings.size >= MAX_SETTINGS && !this.#settings.has(id)) {
      return {
        ok: false,
        code: "too-many",
        path: "",
        problem: `there are settings of ${MAX_SETTINGS} Things`,
      };
    }
    const checked = this.#checkSettings(candidate);
    if (!checked.ok) return checked;
    this.#keepSettings(id, checked.settings, unit);
    return DONE;
  }

  /** Gives a Thing another id: that of a Thing which is not there. */
  rename(id: ThingId, to: ThingId, unit: Unit): HouseholdResult {
    const entry = this.#entries.byId.get(id);
    if (entry === undefined) return unknownThing(id);
    if (to === this.#root || this.#entries.byId.has(to)) {
      return { ok: false, code: "invalid", path: "id", problem: `${to} is the gateway, or another Thing` };
    }
    const { links } = entry;
    const { source } = entry.record;
    this.#entries.remove(id);
    this.#bus.emit("retired", { id, source }, unit);
    const renamed = this.#entries.add(to, links, this.settingsOf(to));
    for (const link of links) this.#entries.keepLink(to, link, unit);
    for (const { key } of entry.values.values()) unit.delete(SHADOW, key);
    if (renamed !== undefined) this.#bus.emit("thing", renamed.record, unit);
    return DONE;
  }

  /** Adds an area or renames it. */
  putArea(candidate: unknown, unit: Unit): HouseholdResult {
    if (!areaValidator.Check(candidate))
      return invalid(firstProblem(areaValidator.Errors(candidate), candidate));
    if (!this.#areas.has(candidate.id) && this.#areas.size >= MAX_AREAS) {
      return { ok: false, code: "too-many", path: "id", problem: `the house has ${MAX_AREAS} areas` };
    }
    this.#areas.set(candidate.id, candidate);
    unit.put(AREAS, candidate.id, candidate);
    unit.require("power");
    for (const { record } of this.#entries.byId.values()) {
      if (record.settings?.area === candidate.id) this.#bus.emit("thing", record, unit);
    }
    return DONE;
  }

  /** Takes an area away; the Things in it are in none afterwards. */
  deleteArea(id: string, unit: Unit): HouseholdResult {
    if (!this.#areas.delete(id)) return unknownArea(id);
    unit.delete(AREAS, id);
    unit.require("power");
    for (const [thing, { area, ...rest }] of this.#settings) {
      if (area !== id) continue;
      this.#keepSettings(thing, rest, unit);
      const entry = this.#entries.byId.get(thing);
      if (entry !== undefined) this.#apply(thing, entry, unit);
    }
    return DONE;
  }

  /** Makes one Thing of two: the device of `other` is another way to `id`. */
  join(id: ThingId, other: ThingId, unit: Unit): HouseholdResult {
    const pair = this.#pair(id, other);
    if (!pair.ok) return pair;
    if (pair.kept.links.length + pair.given.links.length > MAX_LINKS) {
      return {
        ok: false,
        code: "too-many",
        path: "thing",
        problem: `a Thing has at most ${MAX_LINKS} links`,
      };
    }
    this.#adopt(
      id,
      pair.kept,
      [...pair.kept.links, ...pair.given.links],
      { id: other, entry: pair.given },
      unit,
    );
    return DONE;
  }

  /** Makes a link of a Thing a Thing of its own again, under the name that its source gives it. */
  part(id: ThingId, name: ThingId, unit: Unit): HouseholdResult {
    const entry = this.#entries.byId.get(id);
    if (entry === undefined) return unknownThing(id);
    const link = entry.links.find((each) => each.id === name);
    if (link === undefined || name === id || entry.links.length < 2) {
      return {
        ok: false,
        code: "invalid",
        path: "link",
        problem: `${id} has no link ${name} that can be parted from it`,
      };
    }
    this.#setLinks(
      id,
      entry,
      entry.links.filter((each) => each !== link),
      unit,
    );
    const parted = this.#entries.add(name, [link], this.settingsOf(name));
    this.#entries.keepLink(name, link, unit);
    if (parted !== undefined) this.#bus.emit("thing", parted.record, unit);
    return DONE;
  }

  /**
   * Puts a device in the place of a broken one: `id` keeps its name, its settings, its history and its rules, and is
   * spoken for by the device of `replacement` from now on. The old device is not let in again under this name.
   */
  replace(id: ThingId, replacement: ThingId, unit: Unit): HouseholdResult {
    const pair = this.#pair(id, replacement);
    if (!pair.ok) return pair;
    for (const link of pair.kept.links) unit.delete(THINGS, link.id);
    // What the broken one said last is not what the new one says.
    for (const { key } of pair.kept.values.values()) unit.delete(SHADOW, key);
    pair.kept.values.clear();
    this.#adopt(id, pair.kept, pair.given.links, { id: replacement, entry: pair.given }, unit);
    return DONE;
  }

  /**
   * Forgets a Thing with all its links and settings. A device that still describes itself comes back as a new one.
   */
  forget(id: ThingId, unit: Unit): HouseholdResult {
    const entry = this.#entries.byId.get(id);
    if (entry === undefined) return unknownThing(id);
    const { source } = entry.record;
    for (const link of entry.links) unit.delete(THINGS, link.id);
    for (const { key } of entry.values.values()) unit.delete(SHADOW, key);
    this.#keepSettings(id, {}, unit);
    this.#entries.remove(id);
    unit.require("power");
    this.#bus.emit("retired", { id, source }, unit);
    return DONE;
  }

  #checkSettings(
    candidate: unknown,
  ): { readonly ok: true; readonly settings: ThingSettings } | HouseholdRefusal {
    if (!settingsValidator.Check(candidate)) {
      return invalid(firstProblem(settingsValidator.Errors(candidate), candidate));
    }
    const { area } = candidate;
    if (area !== undefined && !this.#areas.has(area)) return unknownArea(area);
    return { ok: true, settings: candidate };
  }

  #keepSettings(id: ThingId, settings: ThingSettings, unit: Unit): void {
    if (Object.keys(settings).length === 0) {
      this.#settings.delete(id);
      unit.delete(SETTINGS, id);
    } else {
      this.#settings.set(id, settings);
      unit.put(SETTINGS, id, settings as unknown as Json);
    }
    unit.require("power");
  }

  #apply(id: ThingId, entry: Entry, unit: Unit): void {
    const settings = this.settingsOf(id);
    if (settings === undefined) delete entry.settings;
    else entry.settings = settings;
    this.#entries.refresh(id, entry, unit);
  }

  #pair(
    id: ThingId,
    other: ThingId,
  ): { readonly ok: true; readonly kept: Entry; readonly given: Entry } | HouseholdRefusal {
    if (id === other) {
      return {
        ok: false,
        code: "same-thing",
        path: "thing",
        problem: "expected another Thing, found the same",
      };
    }
    const kept = this.#entries.byId.get(id);
    if (kept === undefined) return unknownThing(id);
    const given = this.#entries.byId.get(other);
    return given === undefined ? unknownThing(other) : { ok: true, kept, given };
  }

  /** Gives a Thing links that were another's; that one is no Thing any more. */
  #adopt(
    id: ThingId,
    kept: Entry,
    links: readonly Link[],
    given: { readonly id: ThingId; readonly entry: Entry },
    unit: Unit,
  ): void {
    const { source } = given.entry.record;
    const values = [...given.entry.values];
    this.#entries.remove(given.id);
    this.#keepSettings(given.id, {}, unit);
    for (const [, { key }] of values) unit.delete(SHADOW, key);
    // Whoever knows the Thing by its own name lets go of it before it is part of the other.
    this.#bus.emit("retired", { id: given.id, source: source as Source }, unit);
    this.#setLinks(id, kept, links, unit);
    for (const [property, known] of values) {
      const reading = { ...known.reading, thing: id };
      // Where the two describe a property otherwise, what the one said is no value of the other.
      if (kept.values.has(property) || !mayStay(kept.record.thing, reading)) continue;
      const key = shadowKey(id, property);
      kept.values.set(property, { ...known, key, reading });
      unit.put(SHADOW, key, rowOf(reading));
      this.#bus.emit("quality", { reading }, unit);
    }
  }

  #setLinks(id: ThingId, entry: Entry, links: readonly Link[], unit: Unit): void {
    this.#entries.setLinks(id, entry, links);
    for (const link of links) this.#entries.keepLink(id, link, unit);
    this.#entries.refresh(id, entry, unit);
  }
}

function unknownThing(id: string): HouseholdRefusal {
  return { ok: false, code: "unknown-thing", path: "thing", problem: `there is no Thing ${id}` };
}

function unknownArea(id: string): HouseholdRefusal {
  return { ok: false, code: "unknown-area", path: "area", problem: `there is no area ${id}` };
}

function invalid({ path, problem }: SettingsProblem): HouseholdRefusal {
  return { ok: false, code: "invalid", path, problem };
}

function firstProblem(errors: Parameters<typeof schemaProblems>[0], found: unknown): SettingsProblem {
  const [first] = schemaProblems(errors, found);
  return (
    first ?? {
      path: "",
      problem: `expected an object, found ${isJsonObject(found as Json) ? "one" : "none"}`,
    }
  );
}
