import type { Registry } from "@tram/core";
import { type HouseView, membersOf } from "@tram/rules";

/** The Things of the house with their areas and tags, as rules speak of them. */
export function houseView(registry: Pick<Registry, "thing" | "records">): HouseView {
  return {
    thing: (id) => registry.thing(id),
    members: (selector) =>
      membersOf(
        [...registry.records()].map(({ settings, thing }) => [thing.id, settings ?? {}] as const),
        selector,
      ),
  };
}
