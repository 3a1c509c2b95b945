import { isJsonObject, type Json, parseThingId, type ThingId } from "@tram/protocol";
import type { Source } from "../bus.ts";
import type { Store } from "../ports/store.ts";
import { type Entries, THINGS } from "./entries.ts";
import type { Household } from "./household.ts";
import type { Link } from "./link.ts";
import { mayStay, readingOf, rememberedValue, SHADOW } from "./shadow.ts";
import type { SharedParts } from "./shared-parts.ts";
import { checkThing } from "./thing-check.ts";

/** A row of the store that says nothing. */
export type UnreadableEntry = { readonly key: string; readonly problem: string };

interface KeptLink {
  readonly of: ThingId;
  readonly rank: number;
  readonly link: Link;
}

export interface RestoreRoom {
  readonly entries: Entries;
  readonly household: Pick<Household, "settingsOf">;
  readonly parts: SharedParts;
  /** Id that no Thing may have. */
  readonly root: string | undefined;
}

/**
 * Loads Things and their last known values. Rows that cannot be read are named and left alone, as is a Thing that has the
 * id which the gateway has now: it is there again when the gateway has another one.
 */
export async function restoreThings(
  store: Store,
  { entries, household, parts, root }: RestoreRoom,
): Promise<readonly UnreadableEntry[]> {
  const refused: UnreadableEntry[] = [];
  const links = new Map<ThingId, KeptLink[]>();
  for (const [key, stored] of await store.entries(THINGS)) {
    const kept = readLink(key, stored, parts);
    if ("problem" in kept) refused.push({ key, problem: kept.problem });
    else if (key === root || kept.of === root) refused.push({ key, problem: "it has the id of the gateway" });
    else links.set(kept.of, [...(links.get(kept.of) ?? []), kept]);
  }
  for (const [id, kept] of links) {
    const inOrder = kept.sort((one, other) => one.rank - other.rank).map(({ link }) => link);
    entries.add(id, inOrder, household.settingsOf(id));
  }
  for (const [key, stored] of await store.entries(SHADOW)) {
    const reading = readingOf(key, stored);
    const entry = reading && entries.byId.get(reading.thing);
    if (reading === undefined || entry === undefined) refused.push({ key, problem: "its Thing is unknown" });
    else if (mayStay(entry.record.thing, reading)) {
      entry.values.set(reading.property, rememberedValue(reading));
    }
  }
  return refused;
}

function readLink(key: string, stored: Json, parts: SharedParts): KeptLink | { readonly problem: string } {
  const { thing, source, of, rank } = isJsonObject(stored) ? stored : {};
  const checked = checkThing(thing);
  if (!checked.ok) return { problem: `${checked.path}: ${checked.problem}` };
  const id = parseThingId(typeof of === "string" ? of : key);
  if (id === undefined) return { problem: `of: expected the id of a Thing, found ${JSON.stringify(of)}` };
  return {
    of: id,
    rank: typeof rank === "number" ? rank : 0,
    link: {
      id: key as ThingId,
      source: source as Source,
      described: parts.share(checked.thing),
      availability: "unknown",
    },
  };
}
