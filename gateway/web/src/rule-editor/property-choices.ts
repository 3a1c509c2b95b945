import type { PropertyAffordance, Thing } from "@tram/protocol";
import { fold, matches } from "../i18n/fold.ts";
import type { Language } from "../i18n/language.ts";
import { localTitle } from "../i18n/titles.ts";
import { findProperty } from "../things/find-property.ts";
import { nameOf } from "../things/property-groups.ts";

/** What a property is wanted for: a trigger, a condition, a comparison of numbers in either, or a command. */
export type PropertyUse = "watch" | "look" | "watch-number" | "look-number" | "write";

export interface PropertyChoice {
  /** `thing/node/name`, as rules write it. */
  readonly reference: string;
  readonly thingTitle: string;
  readonly title: string;
  readonly affordance: PropertyAffordance;
  /** Folded, for searching. */
  readonly searchText: string;
}

/** The properties of the house that can be used so, by Thing and in the order in which a Thing describes them. */
export function propertyChoices(
  things: Readonly<Record<string, Thing>>,
  language: Language,
  use: PropertyUse,
): readonly PropertyChoice[] {
  const collator = new Intl.Collator(language, { numeric: true });
  return Object.values(things)
    .map((thing) => ({ thing, title: localTitle(thing, language, thing.id) }))
    .sort((a, b) => collator.compare(a.title, b.title) || collator.compare(a.thing.id, b.thing.id))
    .flatMap(({ thing }) =>
      Object.entries(thing.properties)
        .filter(([, affordance]) => unfitness(affordance, use) === undefined)
        .map(([key, affordance]) => choiceOf(thing, key, affordance, language)),
    );
}

function choiceOf(
  thing: Thing,
  key: string,
  affordance: PropertyAffordance,
  language: Language,
): PropertyChoice {
  const reference = `${thing.id}/${key}`;
  const thingTitle = localTitle(thing, language, thing.id);
  const title = localTitle(affordance, language, nameOf(key));
  const searchText = fold([thingTitle, thing.title, title, affordance.title ?? "", reference].join("\n"));
  return { reference, thingTitle, title, affordance, searchText };
}

/** Why a property cannot be used so. */
export type Unfitness = "no-number" | "read-only" | "write-only" | "momentary";

export function unfitness(
  { type, readOnly, writeOnly, momentary }: PropertyAffordance,
  use: PropertyUse,
): Unfitness | undefined {
  if (use === "write") return readOnly === true ? "read-only" : undefined;
  // It never reports: nothing would ever be seen.
  if (writeOnly === true) return "write-only";
  // An occurrence is over when conditions are looked at.
  if (momentary === true && use.startsWith("look")) return "momentary";
  const wantsNumber = use === "watch-number" || use === "look-number";
  return wantsNumber && type !== "number" && type !== "integer" ? "no-number" : undefined;
}

export type Found =
  | { readonly kind: "known"; readonly choice: PropertyChoice; readonly unfit?: Unfitness | undefined }
  /** The Thing has not announced itself, or the property is not its own: it stays as it was written. */
  | { readonly kind: "unknown" }
  | { readonly kind: "none" };

/** What is known of the property that a rule names, whether it suits or not. */
export function findChoice(
  things: Readonly<Record<string, Thing>>,
  reference: unknown,
  { language, use }: { readonly language: Language; readonly use: PropertyUse },
): Found {
  if (reference === undefined || reference === null || reference === "") return { kind: "none" };
  const found = findProperty(things, String(reference));
  if (found === undefined) return { kind: "unknown" };
  const { thing, key, affordance } = found;
  return {
    kind: "known",
    choice: choiceOf(thing, key, affordance, language),
    unfit: unfitness(affordance, use),
  };
}

export interface ChoiceGroup {
  readonly thing: string;
  readonly title: string;
  readonly choices: readonly PropertyChoice[];
}

/**
 * The choices that match a query, by Thing.
 * @param most how many at most; `hidden` tells how many more there are.
 */
export function searchChoices(
  choices: readonly PropertyChoice[],
  query: string,
  most: number,
): {
  readonly groups: readonly ChoiceGroup[];
  readonly shown: readonly PropertyChoice[];
  readonly hidden: number;
} {
  const wanted = fold(query).trim();
  const found = choices.filter(({ searchText }) => wanted === "" || matches(searchText, wanted));
  const shown = found.slice(0, most);
  const groups: { thing: string; title: string; choices: PropertyChoice[] }[] = [];
  for (const choice of shown) {
    const thing = choice.reference.slice(0, choice.reference.indexOf("/"));
    const last = groups.at(-1);
    if (last?.thing === thing) last.choices.push(choice);
    else groups.push({ thing, title: choice.thingTitle, choices: [choice] });
  }
  return { groups, shown, hidden: found.length - shown.length };
}

/** A value to begin with when a property is chosen. */
export function firstValue({ type, enum: values, minimum, maximum }: PropertyAffordance): unknown {
  switch (type) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return minimum ?? (maximum !== undefined && maximum < 0 ? maximum : 0);
    case "string":
      return values?.[0] ?? "";
    case "array":
      return [];
    default:
      return {};
  }
}

/** Whether a value could be one of the property, so that it can stay when another property is chosen. */
export function fits({ type, enum: values, minimum, maximum }: PropertyAffordance, value: unknown): boolean {
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string" && (values?.includes(value) ?? true);
    case "integer":
    case "number":
      return typeof value === "number" && value >= (minimum ?? value) && value <= (maximum ?? value);
    case "array":
      return Array.isArray(value);
    default:
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}
