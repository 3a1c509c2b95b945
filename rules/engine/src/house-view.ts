import type { Thing, ThingId } from "@tram/protocol";

/** The Things that rules may speak of. */
export interface HouseView {
  thing(id: ThingId): Thing | undefined;
}
