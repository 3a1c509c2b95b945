import type { PropertyAffordance, Thing } from "@tram/protocol";
import { fold } from "../i18n/fold.ts";
import type { Language } from "../i18n/language.ts";
import { localTitle } from "../i18n/titles.ts";
import { nameOf } from "../things/property-groups.ts";

/** What a property is wanted for. */
export type PropertyUse = "watch" | "compare" | "write";

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
    .flatMap(({ thing, title: thingTitle }) =>
      Object.entries(thing.properties)
        .filter(([, affordance]) => suits(affordance, use))
        .map(([key, affordance]) => {
          const reference = `${thing.id}/${key}`;
          const title = localTitle(affordance, language, nameOf(key));
          const searchText = fold(
            [thingTitle, thing.title, title, affordance.title ?? "", reference].join("\n"),
          );
          return { reference, thingTitle, title, affordance, searchText };
        }),
    );
}

function suits({ type, readOnly, writeOnly }: PropertyAffordance, use: PropertyUse): boolean {
  if (use === "write") return readOnly !== true;
  if (writeOnly === true) return false; // It never reports: nothing would ever be seen.
  return use === "watch" || type === "number" || type === "integer";
}

export type Found =
  | { readonly kind: "known"; readonly choice: PropertyChoice }
  /** The Thing has not announced itself, or the property is not its own: it stays as it was written. */
  | { readonly kind: "unknown" }
  | { readonly kind: "none" };

/** Finds what a rule names; `thing/name` is accepted where the name alone is unambiguous. */
export function findChoice(choices: readonly PropertyChoice[], reference: unknown): Found {
  if (typeof reference !== "string" || reference === "") return { kind: "none" };
  const [thing = "", ...rest] = reference.split("/");
  const same = choices.filter((choice) =>
    rest.length === 1
      ? choice.reference.startsWith(`${thing}/`) && choice.reference.endsWith(`/${rest[0]}`)
      : choice.reference === reference,
  );
  const [choice] = same;
  return choice !== undefined && same.length === 1 ? { kind: "known", choice } : { kind: "unknown" };
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
    default:
      return undefined;
  }
}

/** Whether a value could be one of the property, so that it can stay when another property is chosen. */
export function fits({ type, enum: values }: PropertyAffordance, value: unknown): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "string") return typeof value === "string" && (values?.includes(value) ?? true);
  if (type === "number" || type === "integer") return typeof value === "number";
  return value !== undefined;
}
