import type { Thing } from "@tram/protocol";
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

/** The ids of the Things that match a query, by title as the language sorts; an empty query matches all. */
export function findThings(
  descriptions: Readonly<Record<string, Thing>>,
  language: Language,
  query: string,
): string[] {
  const wanted = fold(query).trim();
  const collator = new Intl.Collator(language, { numeric: true });
  return Object.values(descriptions)
    .filter((thing) => wanted === "" || matches(searchText(thing), wanted))
    .map((thing) => ({ id: thing.id, title: localTitle(thing, language, thing.id) }))
    .sort((a, b) => collator.compare(a.title, b.title) || collator.compare(a.id, b.id))
    .map(({ id }) => id);
}
