import { ID_PATTERN, isId } from "@tram/protocol";

/** How topics of Homie 3 and 4 begin; those of Homie 5 have the version there as a level. */
const BEGIN = "homie/";
const BEGIN_5 = "homie/5/";

/** Attributes that count: of the device, of a node, of a property. */
const ATTRIBUTES: readonly ReadonlySet<string>[] = [
  new Set(["$homie", "$name", "$state", "$nodes"]),
  new Set(["$name", "$properties", "$array"]),
  new Set(["$name", "$datatype", "$format", "$unit", "$retained"]),
];

/** An attribute of a device. */
export interface HomieAttribute {
  readonly device: string;
  /** Below its device: `$state`, `climate/$name`, `climate/temperature/$unit`. */
  readonly path: string;
}

/**
 * What a topic says of a device; undefined where it says nothing that counts. Homie 4.0.0 and 3.0.1, "Topology":
 * https://homieiot.github.io/specification/spec-core-v4_0_0/
 */
export function homieAttribute(topic: string): HomieAttribute | undefined {
  // Asked for every message of the house, most of which are Homie 5's or values.
  if (!topic.startsWith(BEGIN) || topic.startsWith(BEGIN_5) || !topic.includes("/$")) return undefined;
  const [, device = "", ...rest] = topic.split("/");
  const name = rest.at(-1) ?? "";
  if (!isId(device) || ATTRIBUTES[rest.length - 1]?.has(name) !== true) return undefined;
  return rest.slice(0, -1).every(isId) ? { device, path: rest.join("/") } : undefined;
}

/** What a device has said of itself, by path. */
export type Attributes = ReadonlyMap<string, string>;

export interface HomieProperty {
  readonly node: string;
  readonly property: string;
}

/** Nodes and properties that one device may have. */
const PARTS = 256;

/**
 * The properties of a device, in its order.
 * @returns undefined while something is missing. A sentence where it is no device of these versions, or too large.
 */
export function homieProperties(attributes: Attributes): readonly HomieProperty[] | string | undefined {
  const version = attributes.get("$homie");
  const nodes = attributes.get("$nodes");
  if (version === undefined || nodes === undefined) return undefined;
  if (!/^[34]\.\d/.test(version)) return `$homie: expected 3 or 4, found ${version.slice(0, 16)}`;
  const found: HomieProperty[] = [];
  for (const node of listed(nodes)) {
    // Homie 3: `lights[]` is many nodes in one.
    if (node.endsWith("[]")) continue;
    if (!isId(node)) return `$nodes: expected ids (${ID_PATTERN}), found ${node.slice(0, 64)}`;
    const properties = attributes.get(`${node}/$properties`);
    if (properties === undefined) return undefined;
    for (const property of listed(properties)) {
      if (!isId(property))
        return `${node}/$properties: expected ids (${ID_PATTERN}), found ${property.slice(0, 64)}`;
      // Homie 4 wants it; in Homie 3 what has none is a text.
      if (version.startsWith("4") && !attributes.has(`${node}/${property}/$datatype`)) return undefined;
      found.push({ node, property });
    }
    if (found.length > PARTS) return `$nodes: expected at most ${PARTS} properties`;
  }
  return found;
}

function listed(text: string): readonly string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
