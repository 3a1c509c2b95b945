import type { ThingId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { PropertyAffordance, Thing } from "../thing.ts";
import { writeFormat } from "./format.ts";
import { homieDatatype } from "./value.ts";

/**
 * Writes the Homie 5 `$description` of a Thing; the model that it follows is its `type`.
 * @param options.version must be higher whenever anything else is another.
 * @param options.root the device that it is a child of, instead of the one that the Thing names.
 */
export function homieDescription(
  thing: Thing,
  options: { readonly version: number; readonly root?: ThingId; readonly children?: readonly ThingId[] },
): string {
  const root = options.root ?? thing.root ?? thing.parent;
  const parent = options.root ?? thing.parent ?? root;
  // A map, because `constructor` is a valid id of a node.
  const nodes = new Map<string, { readonly name: string; readonly properties: Record<string, Json> }>();
  for (const [key, property] of Object.entries(thing.properties)) {
    const [nodeId, propertyId] = key.split("/") as [string, string];
    const node = nodes.get(nodeId) ?? { name: thing.nodes?.[nodeId]?.title ?? nodeId, properties: {} };
    nodes.set(nodeId, node);
    node.properties[propertyId] = describeProperty(property, propertyId);
  }
  return JSON.stringify({
    homie: "5.0",
    version: options.version,
    name: thing.title,
    ...(thing.model === undefined ? {} : { type: thing.model }),
    ...(root === undefined || parent === undefined ? {} : { root, parent }),
    ...(options.children === undefined ? {} : { children: options.children }),
    nodes: Object.fromEntries(nodes),
  });
}

function describeProperty(property: PropertyAffordance, id: string): Json {
  const format = writeFormat(property);
  return {
    name: property.title ?? id,
    datatype: homieDatatype(property),
    ...(format === undefined ? {} : { format }),
    ...(property.readOnly === true ? {} : { settable: true }),
    ...(property.momentary === true ? { retained: false } : {}),
    ...(property.unit === undefined ? {} : { unit: property.unit }),
  };
}
