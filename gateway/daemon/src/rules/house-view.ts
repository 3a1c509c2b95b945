import type { Registry } from "@tram/core";
import type { ThingId, ThingSettings } from "@tram/protocol";
import type { HouseView } from "@tram/rules";

/** The Things of the house with their areas and tags, as rules speak of them. */
export function houseView(registry: Pick<Registry, "thing" | "records">): HouseView {
  return {
    thing: (id) => registry.thing(id),
    members: (selector) =>
      membersOf(
        [...registry.records()].map(({ settings, thing }) => ({ id: thing.id as ThingId, settings })),
        selector,
      ),
  };
}

/** The Things in an area, with a tag, or both; in the order of their ids, so that a restart changes nothing. */
export function membersOf(
  things: readonly { readonly id: ThingId; readonly settings?: ThingSettings | undefined }[],
  { area, tag }: { readonly area?: string; readonly tag?: string },
): readonly ThingId[] {
  return things
    .filter(({ settings }) => {
      if (area !== undefined && settings?.area !== area) return false;
      return tag === undefined || settings?.tags?.includes(tag) === true;
    })
    .map(({ id }) => id)
    .sort();
}
