import type { ThingId } from "@tram/protocol";

/** Where the owner of a house puts a Thing. */
export interface Placing {
  /** Id of an area. */
  readonly area?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** The Things in an area, with a tag, or both; in the order of their ids, so that a restart changes nothing. */
export function membersOf(
  placings: Iterable<readonly [string, Placing]>,
  { area, tag }: { readonly area?: string; readonly tag?: string },
): readonly ThingId[] {
  const found: ThingId[] = [];
  for (const [id, placing] of placings) {
    const isHere = area === undefined || placing.area === area;
    const isTagged = tag === undefined || placing.tags?.includes(tag) === true;
    if (isHere && isTagged) found.push(id as ThingId);
  }
  return found.sort();
}
