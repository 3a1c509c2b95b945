import type { Availability, Thing, ThingId } from "@tram/protocol";
import type { Source } from "../bus.ts";

/**
 * One way to a device: a source that speaks for it, and what the source calls it. Most Things have one, by their own
 * name. A device that is reached by BLE and by Wi-Fi has two; one that took the place of a broken device has the name of
 * its own and the Thing of the other.
 */
export interface Link {
  /** Id of the device as its source calls it. */
  readonly id: ThingId;
  readonly source: Source;
  /** The device as the source described it last. */
  readonly described: Thing;
  readonly availability: Availability;
}

/** The nearer to the front, the more it counts. */
const BEST: readonly Availability[] = ["ready", "sleeping", "init", "unknown", "disconnected", "lost"];

/** A Thing is as well as the best of its links. */
export function bestAvailability(links: readonly Link[]): Availability {
  return BEST.find((state) => links.some(({ availability }) => availability === state)) ?? "unknown";
}

/** The links from the one to be tried first: those that are there, and of them in the order in which they were added. */
export function byPreference(links: readonly Link[]): readonly Link[] {
  return [...links].sort((one, other) => BEST.indexOf(one.availability) - BEST.indexOf(other.availability));
}

/** The links with one of them as it is now. */
export function replaced(links: readonly Link[], link: Link): readonly Link[] {
  return links.map((each) => (each.id === link.id ? link : each));
}

/** One description of what several links say of a device; where they differ the first one counts. */
export function composeThing(id: ThingId, links: readonly Link[]): Thing | undefined {
  const [main, ...others] = links;
  if (main === undefined) return undefined;
  if (others.length === 0) return main.described.id === id ? main.described : { ...main.described, id };
  const described = links.map((link) => link.described);
  const merged = <Part>(pick: (thing: Thing) => Readonly<Record<string, Part>> | undefined) =>
    Object.assign({}, ...described.map(pick).reverse()) as Record<string, Part>;
  const parts = {
    nodes: merged(({ nodes }) => nodes),
    actions: merged(({ actions }) => actions),
    events: merged(({ events }) => events),
  };
  return {
    ...main.described,
    id,
    ...Object.fromEntries(Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0)),
    properties: merged(({ properties }) => properties),
  };
}
