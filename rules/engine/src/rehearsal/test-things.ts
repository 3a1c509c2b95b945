import {
  type PropertyAffordance,
  parseThingId,
  type TestProperty,
  type TestThing,
  type Thing,
} from "@tram/protocol";
import { THING_MODELS, thingOfModel } from "@tram/protocol/models";

/** A Thing of a test, or why it is none. */
export type MadeThing = { readonly thing: Thing } | { readonly thing?: never; readonly problem: string };

/** Makes a Thing of what a test says about it. Without a model and properties it has none. */
export function makeThing(name: string, written: TestThing): MadeThing {
  const id = parseThingId(name);
  if (id === undefined) return { problem: `"${name}" cannot be the id of a Thing` };
  const said = typeof written === "string" ? { model: written } : written;
  const { model: modelName, title, actions, events } = said;
  const model = modelName === undefined ? undefined : THING_MODELS.get(modelName);
  if (modelName !== undefined && model === undefined) {
    return {
      problem: `unknown model "${modelName}"; expected one of ${[...THING_MODELS.keys()].join(", ")}`,
    };
  }
  const base: Thing =
    model === undefined
      ? { id, title: title ?? name, properties: {} }
      : thingOfModel(model, { id, ...(title === undefined ? {} : { title }) });
  const own = Object.entries(said.properties ?? {}).map(
    ([key, property]) => [key, affordance(property)] as const,
  );
  return {
    thing: {
      ...base,
      properties: { ...base.properties, ...Object.fromEntries(own) },
      ...(actions === undefined ? {} : { actions: named(actions) }),
      ...(events === undefined ? {} : { events: named(events) }),
    },
  };
}

function affordance(property: TestProperty): PropertyAffordance {
  if (typeof property === "string") return { type: property };
  if (Array.isArray(property)) return { type: "string", enum: [...property] };
  return property;
}

function named(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
