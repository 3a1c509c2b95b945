import {
  type PropertyAffordance,
  type PropertyKey,
  parsePropertyKey,
  parseThingId,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import { alternatives } from "./describe-value.ts";
import type { HouseView } from "./house-view.ts";

/** A property of a Thing, found. */
export interface PropertyTarget {
  readonly thing: ThingId;
  readonly property: PropertyKey;
}

export type Resolution =
  /** `affordance` is absent while the Thing is unknown: then nothing but the form could be checked. */
  | { readonly kind: "found"; readonly target: PropertyTarget; readonly affordance?: PropertyAffordance }
  /** `thing/name` of a Thing that is not known yet. */
  | { readonly kind: "waiting"; readonly thing: ThingId }
  | { readonly kind: "problem"; readonly problem: string };

/** Resolves `thing/node/name`, or `thing/name` where the name alone is unambiguous among the Thing's properties. */
export function resolveReference(reference: string, house: HouseView): Resolution {
  const [thingPart = "", ...keyParts] = reference.split("/");
  const thing = parseThingId(thingPart);
  if (thing === undefined) return problem(`found ${JSON.stringify(thingPart)}, expected the id of a Thing`);
  const known = house.thing(thing);
  const written = keyParts.join("/");
  if (keyParts.length === 1) {
    if (known === undefined) return { kind: "waiting", thing };
    const candidates = Object.keys(known.properties).filter((key) => key.endsWith(`/${written}`));
    if (candidates.length > 1) {
      return problem(
        `"${written}" of ${thing} is ambiguous; expected ${alternatives(candidates.slice(0, 8))}`,
      );
    }
    return find(thing, known, candidates[0] ?? written);
  }
  const key = parsePropertyKey(written);
  if (key === undefined) return problem(`found ${JSON.stringify(written)}, expected node/name`);
  return known === undefined ? { kind: "found", target: { thing, property: key } } : find(thing, known, key);
}

function find(thing: ThingId, known: Thing, key: string): Resolution {
  const property = parsePropertyKey(key);
  const affordance = Object.hasOwn(known.properties, key) ? known.properties[key] : undefined;
  if (property !== undefined && affordance !== undefined) {
    return { kind: "found", target: { thing, property }, affordance };
  }
  const names = Object.keys(known.properties);
  const listed = names.length === 0 ? "it has none" : `expected ${alternatives(names.slice(0, 8))}`;
  return problem(`unknown property "${key}" of ${thing}; ${listed}${names.length > 8 ? " …" : ""}`);
}

function problem(text: string): Resolution {
  return { kind: "problem", problem: text };
}
