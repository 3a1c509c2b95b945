import type { HassEntity } from "../models/thing-model.ts";
import type { PropertyAffordance, Thing } from "../thing.ts";

/** The part of a Thing Model that says what its Things are in Home Assistant. */
export interface EntityModel {
  readonly "hass:entities": readonly HassEntity[];
}

/**
 * The entities that a Thing is in Home Assistant: those of its model as far as it has their properties, and one of the
 * nearest component for each property that is left.
 */
export function entitiesOf(thing: Thing, model?: EntityModel): readonly HassEntity[] {
  const left = new Map(Object.entries(thing.properties));
  const entities: HassEntity[] = [];
  for (const entity of model?.["hass:entities"] ?? []) {
    const present = Object.entries(entity.uses).filter(([, key]) => fits(entity, left.get(key)));
    const uses = Object.fromEntries(present);
    if (mainOf({ ...entity, uses }) === undefined) continue;
    entities.push({ ...entity, uses });
    for (const [, key] of present) left.delete(key);
  }
  for (const [key, affordance] of left) {
    const entity = nearest(affordance);
    if (entity !== undefined) entities.push({ ...entity, uses: { state: key } });
  }
  return entities;
}

/** The property that an entity is named after; undefined when it has none of those that it cannot be without. */
export function mainOf({ uses }: HassEntity): string | undefined {
  return uses.command ?? uses.state ?? uses.mode ?? uses.position;
}

/** A device may call itself by a model and describe something else: then its properties speak for themselves. */
function fits({ component, device_class }: HassEntity, affordance: PropertyAffordance | undefined): boolean {
  if (affordance === undefined) return false;
  const own = nearest(affordance)?.component;
  switch (component) {
    case "sensor":
      return own === "sensor" && (device_class !== "enum" || affordance.enum !== undefined);
    case "binary_sensor":
    case "event":
    case "number":
    case "select":
    case "text":
      return own === component;
    case "switch":
    case "siren":
    case "lock":
      return own === "switch";
    default:
      return true;
  }
}

/** The component that shows values of a kind, where nothing more is known. */
function nearest({
  enum: values,
  momentary,
  readOnly,
  type,
  unit,
  writeOnly,
}: PropertyAffordance): Omit<HassEntity, "uses"> | undefined {
  const settable = readOnly !== true;
  switch (type) {
    case "boolean":
      if (momentary === true) return settable ? { component: "button" } : undefined;
      return { component: settable ? "switch" : "binary_sensor" };
    case "integer":
    case "number":
      if (settable) return { component: "number" };
      return unit === undefined || momentary === true
        ? { component: "sensor" }
        : { component: "sensor", state_class: "measurement" };
    case "string":
      if (values === undefined) return { component: settable ? "text" : "sensor" };
      if (settable) return { component: "select" };
      return momentary === true ? { component: "event" } : { component: "sensor", device_class: "enum" };
    case "object":
    case "array":
      return writeOnly === true || settable ? undefined : { component: "sensor" };
  }
}
