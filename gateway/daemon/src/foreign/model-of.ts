import type { PropertyAffordance } from "@tram/protocol";
import { THING_MODELS, type ThingModel } from "@tram/protocol/models";

const optionalOf = (model: ThingModel): ReadonlySet<string> =>
  new Set(
    (model["tm:optional"] ?? []).map((path) => path.slice("/properties/".length).replaceAll("~1", "/")),
  );

/** What each model asks for, worked out once. */
const MODELS = [...THING_MODELS].map(([name, model]) => {
  const optional = optionalOf(model);
  const required = Object.keys(model.properties).filter((key) => !optional.has(key));
  return { name, required, properties: model.properties };
});

/**
 * The Thing Model that properties follow: one that has all it asks for, and most of what is there. A model that asks for
 * nothing in particular tells nothing.
 */
export function modelOf(properties: Readonly<Record<string, PropertyAffordance>>): string | undefined {
  let best: { readonly name: string; readonly score: number } | undefined;
  for (const { name, properties: of, required } of MODELS) {
    const fits = (key: string): boolean =>
      Object.hasOwn(properties, key) && properties[key]?.type === of[key]?.type;
    if (required.length === 0 || !required.every(fits)) continue;
    const score = Object.keys(of).filter(fits).length;
    if (best === undefined || score > best.score) best = { name, score };
  }
  return best?.name;
}

/** How the Thing Models describe a property, titles and range included; the first model that has it says so. */
export function standardAffordance(key: string): PropertyAffordance | undefined {
  for (const { properties } of MODELS) {
    const found = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (found === undefined) continue;
    const { "matter:mapping": _, ...affordance } = found;
    return affordance;
  }
  return undefined;
}
