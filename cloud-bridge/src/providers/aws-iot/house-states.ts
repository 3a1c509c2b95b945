import type { CloudDesk } from "@tram/core";
import type { Json } from "@tram/protocol";
import type { ShadowPath } from "./shadow-document.ts";
import type { ThingNames } from "./thing-names.ts";

/** Where a value stands in the shadow of its Thing. `undefined`: no good value was ever seen. */
export type LocalState = readonly [ShadowPath, Json | undefined];

/** Children with a name that had to be cut, which are told in the gateway's own shadow. */
const MOST_CUT_NAMES = 20;

/** What belongs into the shadow of each Thing, and into that of the gateway, which says what there is. */
export function houseStates(desk: CloudDesk, names: ThingNames): Map<string, LocalState[]> {
  const own = names.idOf(names.gateway) ?? names.gateway;
  const local = new Map<string, LocalState[]>([[own, []]]);
  let things = 0;
  const cut: [string, Json][] = [];
  for (const { id } of desk.things()) {
    things++;
    local.set(id, local.get(id) ?? []);
    if (names.isCut(id) && cut.length < MOST_CUT_NAMES) cut.push([id, names.of(id)]);
  }
  for (const { thing, path, value } of statesOf(desk)) {
    const known = local.get(thing) ?? [];
    known.push([path, value]);
    local.set(thing, known);
  }
  const facts: LocalState[] = [
    [["gateway", "id"], own],
    [["gateway", "things"], things],
    [["gateway", "names"], Object.fromEntries(cut)],
  ];
  local.get(own)?.push(...facts);
  return local;
}

/** Everything that belongs into a shadow. */
export function* statesOf(desk: CloudDesk) {
  for (const { class: kind, thing, name, value } of desk.snapshot()) {
    // What warns is an alarm while it is news, and a state otherwise.
    const state = kind === "state" || (kind === "alarm" && typeof value !== "number");
    if (state) yield { thing, path: name.split("/"), value: value === null ? undefined : value };
  }
}
