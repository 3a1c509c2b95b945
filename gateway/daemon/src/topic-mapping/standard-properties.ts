import type { PropertyAffordance } from "@tram/protocol";
import { type ModelProperty, THING_MODELS, type ThingModel } from "@tram/protocol/models";

/** A property as a Thing Model has it. */
export interface StandardProperty {
  readonly affordance: PropertyAffordance;
  /** Of its node. */
  readonly node: { readonly title: string } | undefined;
}

/** The property of this key in the model, or in the first model that has one: they agree on what a key means. */
export function standardProperty(key: string, model?: ThingModel): StandardProperty | undefined {
  for (const each of model === undefined ? THING_MODELS.values() : [model, ...THING_MODELS.values()]) {
    const property: ModelProperty | undefined = Object.hasOwn(each.properties, key)
      ? each.properties[key]
      : undefined;
    if (property === undefined) continue;
    const { "matter:mapping": _matter, ...affordance } = property;
    return { affordance, node: each["homie:nodes"][key.split("/")[0] ?? ""] };
  }
  return undefined;
}
