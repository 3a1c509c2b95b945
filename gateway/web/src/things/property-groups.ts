import type { PropertyAffordance, Thing } from "@tram/protocol";

export interface PropertyGroup {
  readonly node: string;
  readonly title: string;
  readonly properties: readonly (readonly [key: string, affordance: PropertyAffordance])[];
}

/** The properties of a Thing by node, in the order in which the Thing describes them. */
export function groupProperties(thing: Thing): PropertyGroup[] {
  const groups = new Map<string, [string, PropertyAffordance][]>();
  for (const entry of Object.entries(thing.properties)) {
    const node = nodeOf(entry[0]);
    const group = groups.get(node);
    if (group === undefined) groups.set(node, [entry]);
    else group.push(entry);
  }
  return [...groups].map(([node, properties]) => ({
    node,
    title: thing.nodes?.[node]?.title ?? node,
    properties,
  }));
}

/** `lamp` of `lamp/brightness`. */
function nodeOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

/** `brightness` of `lamp/brightness`. */
export function nameOf(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}
