import type { ThingModel } from "./thing-model.ts";

/** A place in Matter's data model, by the names of its specifications. */
export interface MatterPlace {
  readonly cluster: string;
  /** Of an attribute or an event. */
  readonly name: string;
  /** From 1. */
  readonly endpoint: number;
}

/** Where Matter keeps a property; none when it has no such thing. */
export function matterPlaces(model: ThingModel, key: string): readonly MatterPlace[] {
  const mapping = model.properties[key]?.["matter:mapping"];
  if (mapping === undefined) return [];
  const { attributes = [], cluster, endpoint = 1, events = [] } = mapping;
  return [...attributes, ...events].map((name) => ({ cluster, name, endpoint }));
}

/** Which property a place is; undefined when the kind has none there. */
export function propertyAt(model: ThingModel, place: MatterPlace): string | undefined {
  return Object.keys(model.properties).find((key) =>
    matterPlaces(model, key).some(
      ({ cluster, endpoint, name }) =>
        cluster === place.cluster && name === place.name && endpoint === place.endpoint,
    ),
  );
}

/** Models of a device type of Matter, the simplest first. */
export function modelsOfDeviceType(models: Iterable<ThingModel>, deviceType: string): readonly ThingModel[] {
  return [...models]
    .filter((model) => model["matter:deviceTypes"].includes(deviceType))
    .sort((a, b) => Object.keys(a.properties).length - Object.keys(b.properties).length);
}
