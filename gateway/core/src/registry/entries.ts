import {
  applySettings,
  type Json,
  jsonEqual,
  type PropertyKey,
  type Thing,
  type ThingId,
  type ThingSettings,
} from "@tram/protocol";
import type { Bus, ThingRecord } from "../bus.ts";
import type { Unit } from "../unit.ts";
import { bestAvailability, composeThing, type Link } from "./link.ts";
import { type KnownValue, mayStay, SHADOW } from "./shadow.ts";

/** Table of the links, by the name that their source gives them. */
export const THINGS = "things";

/** A Thing with everything that is known of it. */
export interface Entry {
  record: ThingRecord;
  readonly values: Map<PropertyKey, KnownValue>;
  links: readonly Link[];
  settings?: ThingSettings;
}

/** All Things by their id, and by the names of their links. */
export class Entries {
  readonly byId = new Map<ThingId, Entry>();
  /** Id of a Thing by the name of a link, where they differ. */
  readonly #names = new Map<ThingId, ThingId>();
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Id of the Thing that a source calls `name`. */
  resolve(name: ThingId): ThingId {
    return this.#names.get(name) ?? name;
  }

  /** The link that has this name, with its Thing. */
  link(name: ThingId): { readonly entry: Entry; readonly link: Link } | undefined {
    const entry = this.byId.get(this.resolve(name));
    const link = entry?.links.find(({ id }) => id === name);
    return entry === undefined || link === undefined ? undefined : { entry, link };
  }

  /** Gives a Thing its links. Nothing is told or kept. */
  setLinks(id: ThingId, entry: Entry, links: readonly Link[]): void {
    for (const link of entry.links) if (this.#names.get(link.id) === id) this.#names.delete(link.id);
    entry.links = links;
    for (const link of links) if (link.id !== id) this.#names.set(link.id, id);
    this.byId.set(id, entry);
  }

  /** A Thing with these links and no values yet. */
  add(id: ThingId, links: readonly Link[], settings?: ThingSettings): Entry | undefined {
    const thing = composeThing(id, links);
    if (thing === undefined) return undefined;
    const record = recordOf(thing, links, settings);
    const entry: Entry = { record, values: new Map(), links: [], ...(settings && { settings }) };
    this.setLinks(id, entry, links);
    return entry;
  }

  /** Takes a Thing out of the house. */
  remove(id: ThingId): void {
    const entry = this.byId.get(id);
    if (entry === undefined) return;
    this.setLinks(id, entry, []);
    this.byId.delete(id);
  }

  /** Keeps one link of a Thing. */
  keepLink(id: ThingId, link: Link, unit: Unit): void {
    const rank = this.byId.get(id)?.links.findIndex((each) => each.id === link.id) ?? 0;
    unit.put(THINGS, link.id, {
      thing: link.described as unknown as Json,
      source: link.source,
      ...(link.id === id ? {} : { of: id }),
      ...(rank > 0 ? { rank } : {}),
    });
    unit.require("power");
  }

  /** The record with the availability of the links as they are now; the description stays, and so does its problem. */
  withLinks(id: ThingId, { links, record }: Entry): ThingRecord {
    const availability = bestAvailability(links);
    return { ...record, availability, ...linkViews(id, links) };
  }

  /**
   * Makes the record anew after a link or the settings have changed, drops the values that it has no place for, and tells
   * it. A problem is gone by that.
   */
  refresh(id: ThingId, entry: Entry, unit: Unit): void {
    const described = composeThing(id, entry.links);
    if (described === undefined) return;
    const next = recordOf(described, entry.links, entry.settings);
    for (const [property, { key, reading }] of entry.values) {
      if (mayStay(next.thing, reading)) continue;
      entry.values.delete(property);
      unit.delete(SHADOW, key);
    }
    if (sameRecord(entry.record, next)) return;
    const previous = entry.record.availability;
    entry.record = next;
    this.#bus.emit("thing", next, unit);
    if (previous !== next.availability) this.#bus.emit("availability", { record: next, previous }, unit);
  }
}

function recordOf(
  described: Thing,
  links: readonly Link[],
  settings: ThingSettings | undefined,
): ThingRecord {
  const [main] = links;
  if (main === undefined) throw new Error(`${described.id} has no link`);
  return {
    thing: applySettings(described, settings),
    source: main.source,
    availability: bestAvailability(links),
    ...(settings === undefined ? {} : { settings }),
    ...linkViews(described.id as ThingId, links),
  };
}

/** Told where they are more than the obvious one. */
function linkViews(id: ThingId, links: readonly Link[]): Pick<ThingRecord, "links"> {
  if (links.length === 1 && links[0]?.id === id) return {};
  return { links: links.map(({ availability, id: name, source }) => ({ availability, id: name, source })) };
}

function sameRecord(one: ThingRecord, other: ThingRecord): boolean {
  return jsonEqual(one as unknown as Json, other as unknown as Json);
}
