import type { Thing, ThingId } from "@tram/protocol";

/** The Things that rules may speak of. */
export interface HouseView {
  thing(id: ThingId): Thing | undefined;
  /** The Things in an area, with a tag, or both; where a house has neither, nobody. */
  members?(selector: { readonly area?: string; readonly tag?: string }): readonly ThingId[];
}
