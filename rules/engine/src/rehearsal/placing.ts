import type { ThingId } from "@tram/protocol";

/** Where the owner of a house puts a Thing. */
export interface Placing {
  /** Id of an area. */
  readonly area?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** The Things in an area, with a tag, or both. */
export function membersOf(
  placings: ReadonlyMap<string, Placing>,
  { area, tag }: { readonly area?: string; readonly tag?: string },
): readonly ThingId[] {
  return [...placings].flatMap(([id, placing]) => {
    const isHere = area === undefined || placing.area === area;
    const isTagged = tag === undefined || placing.tags?.includes(tag) === true;
    return isHere && isTagged ? [id as ThingId] : [];
  });
}
