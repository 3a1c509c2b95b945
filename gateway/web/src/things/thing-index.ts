import type { Thing, ThingSettings } from "@tram/protocol";
import { fold, matches } from "../i18n/fold.ts";
import type { Language } from "../i18n/language.ts";
import { localTitle } from "../i18n/titles.ts";

const searchTexts = new WeakMap<Thing, string>();

/** Everything a Thing can be found by, folded: its names in all languages, its id, its nodes and properties. */
function searchText(thing: Thing): string {
  const known = searchTexts.get(thing);
  if (known !== undefined) return known;
  const words = [thing.id, thing.title, ...Object.values(thing.titles ?? {})];
  for (const node of Object.values(thing.nodes ?? {})) words.push(node.title);
  for (const [key, property] of Object.entries(thing.properties)) {
    words.push(key, property.title ?? "", ...Object.values(property.titles ?? {}));
  }
  const text = fold(words.join("\n"));
  searchTexts.set(thing, text);
  return text;
}

/** Where the owner has put a Thing. */
export interface Place {
  readonly area?: string | undefined;
  readonly settings?: ThingSettings | undefined;
}

/** What the owner calls the place of a Thing, folded. */
function placeText(place: Place | undefined): string {
  if (place?.settings === undefined) return "";
  return fold(["", place.area ?? "", ...(place.settings.tags ?? [])].join("\n"));
}

/** The ids of the Things that match a query, by title as the language sorts; an empty query matches all. */
export function findThings(
  descriptions: Readonly<Record<string, Thing>>,
  language: Language,
  query: string,
  places: Readonly<Record<string, Place>> = {},
): string[] {
  const wanted = fold(query).trim();
  const collator = new Intl.Collator(language, { numeric: true });
  return Object.values(descriptions)
    .filter((thing) => wanted === "" || matches(searchText(thing) + placeText(places[thing.id]), wanted))
    .map((thing) => ({ id: thing.id, title: localTitle(thing, language, thing.id) }))
    .sort((a, b) => collator.compare(a.title, b.title) || collator.compare(a.id, b.id))
    .map(({ id }) => id);
}
