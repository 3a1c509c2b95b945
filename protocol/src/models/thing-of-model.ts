import type { ThingId } from "../ids.ts";
import type { PropertyAffordance, Thing } from "../thing.ts";
import { type ModelProperty, modelName, optionalProperties, type ThingModel } from "./thing-model.ts";

export interface ThingOfModel {
  readonly id: ThingId;
  /** Name for people; that of the model without it. */
  readonly title?: string;
  /** Which of the optional properties it has; all of them without it. */
  readonly has?: (key: string) => boolean;
}

/** Makes a Thing of a kind: its properties as the model has them, without what they are elsewhere. */
export function thingOfModel(model: ThingModel, { has = () => true, id, title }: ThingOfModel): Thing {
  const optional = optionalProperties(model);
  const properties: Record<string, PropertyAffordance> = {};
  const nodes: NonNullable<Thing["nodes"]> = {};
  for (const [key, property] of Object.entries(model.properties)) {
    if (optional.has(key) && !has(key)) continue;
    properties[key] = affordanceOf(property);
    const [node = ""] = key.split("/");
    const named = model["homie:nodes"][node];
    if (named !== undefined) nodes[node] = named;
  }
  return {
    id,
    title: title ?? model.title,
    ...(title === undefined ? { titles: model.titles } : {}),
    model: modelName(model),
    nodes,
    properties,
  };
}

function affordanceOf({ "matter:mapping": _matter, ...affordance }: ModelProperty): PropertyAffordance {
  return affordance;
}
