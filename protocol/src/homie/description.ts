import { isId, type PropertyKey, parsePropertyKey, parseThingId, type ThingId } from "../ids.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { show } from "../schema-problem.ts";
import { type PropertyAffordance, THING_LIMITS, type Thing } from "../thing.ts";
import { readFormat } from "./format.ts";
import { Refusal } from "./refusal.ts";

/** A `$description` larger than this is refused unread. In bytes; 512 properties take about 60 kB. */
export const DESCRIPTION_LIMIT_BYTES = 262_144;

/** What is wrong with a description, or a part of it. */
export interface DescriptionProblem {
  readonly path: string;
  readonly problem: string;
}

export type DescriptionResult =
  | {
      readonly ok: true;
      readonly thing: Thing;
      readonly children: readonly string[];
      /** Nodes and properties that were left out. */
      readonly refused: readonly DescriptionProblem[];
    }
  | ({ readonly ok: false } & DescriptionProblem);

const IDS = "expected ids of a-z, 0-9 and -";

/**
 * Reads a Homie 5 `$description` document into a Thing.
 *
 * Homie 5.0 "Forward compatibility": members that it does not define are ignored. Where a member that it does define has
 * an illegal value, the object that it belongs to is left out: the property, the node, or the device.
 */
export function parseHomieDescription(id: ThingId, text: string): DescriptionResult {
  // In characters: there are never more of them than bytes.
  if (text.length > DESCRIPTION_LIMIT_BYTES) {
    const problem = `expected at most ${DESCRIPTION_LIMIT_BYTES} bytes, found ${text.length} characters`;
    return { ok: false, path: "$description", problem };
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { ok: false, path: "$description", problem: `expected JSON: ${(error as Error).message}` };
  }
  const read = attempt(() => readDevice(id, object(document, "$description")));
  return read instanceof Refusal ? { ok: false, path: read.path, problem: read.problem } : read;
}

function readDevice(id: ThingId, device: JsonObject): DescriptionResult {
  const version = string(device.homie, "homie") ?? "";
  if (!/^5\.\d+$/.test(version)) throw new Refusal("homie", `expected "5.x", found ${show(device.homie)}`);
  if (typeof device.version !== "number" || !Number.isSafeInteger(device.version)) {
    throw new Refusal("version", `expected an integer, found ${show(device.version)}`);
  }
  const nodes = Object.entries(object(device.nodes ?? {}, "nodes"));
  if (nodes.length > THING_LIMITS.nodes) {
    throw new Refusal("nodes", `expected at most ${THING_LIMITS.nodes} nodes, found ${nodes.length}`);
  }
  const parts = new Parts();
  for (const [nodeId, raw] of nodes) {
    parts.takeNode(nodeId, raw);
    if (parts.count > THING_LIMITS.properties) {
      throw new Refusal("nodes", `expected at most ${THING_LIMITS.properties} properties`);
    }
  }
  const model = string(device.type, "type") ?? "";
  stringList(device.extensions, "extensions");
  return {
    ok: true,
    thing: {
      id,
      title: title(device.name, "name", id),
      ...(model === "" ? {} : { model: model.slice(0, 256) }),
      ...relations(id, device),
      nodes: parts.nodes,
      properties: parts.properties,
    },
    children: stringList(device.children, "children"),
    refused: parts.refused,
  };
}

/** What the nodes of a device come to. */
class Parts {
  readonly nodes: Record<string, { title: string }> = {};
  readonly properties: Record<PropertyKey, PropertyAffordance> = {};
  readonly refused: Refusal[] = [];
  count = 0;

  takeNode(id: string, raw: unknown): void {
    const read = attempt(() => this.#node(id, raw));
    if (read instanceof Refusal) this.refused.push(read);
  }

  #node(id: string, raw: unknown): void {
    if (!isId(id)) throw new Refusal("nodes", `${IDS}, found ${show(id)}`);
    const path = `nodes.${id}`;
    const node = object(raw, path);
    const properties = Object.entries(object(node.properties ?? {}, `${path}.properties`));
    string(node.type, `${path}.type`);
    this.nodes[id] = { title: title(node.name, `${path}.name`, id) };
    this.count += properties.length;
    for (const [propertyId, property] of properties) this.#takeProperty(path, id, propertyId, property);
  }

  #takeProperty(path: string, node: string, id: string, raw: unknown): void {
    const key = parsePropertyKey(`${node}/${id}`);
    const at = `${path}.properties.${id}`;
    const read =
      key === undefined
        ? new Refusal(`${path}.properties`, `${IDS}, found ${show(id)}`)
        : attempt(() => readProperty(object(raw, at), at, id));
    if (read instanceof Refusal) this.refused.push(read);
    else if (key !== undefined) this.properties[key] = read;
  }
}

/** Homie 5.0 "Device hierarchy": `parent` is `root` where it is not said. */
function relations(id: ThingId, device: JsonObject): Pick<Thing, "parent" | "root"> {
  const root = relative(id, device.root, "root");
  const parent = relative(id, device.parent, "parent") ?? root;
  return {
    ...(parent === undefined ? {} : { parent }),
    ...(root === undefined || root === parent ? {} : { root }),
  };
}

function relative(id: ThingId, value: unknown, path: string): ThingId | undefined {
  const text = string(value, path);
  if (text === undefined) return undefined;
  const device = parseThingId(text);
  if (device === undefined) throw new Refusal(path, `expected the id of a device, found ${show(text)}`);
  if (device === id) throw new Refusal(path, "expected the id of another device");
  return device;
}

function readProperty(raw: JsonObject, path: string, id: string): PropertyAffordance {
  const settable = boolean(raw.settable, `${path}.settable`) ?? false;
  const retained = boolean(raw.retained, `${path}.retained`) ?? true;
  const unit = string(raw.unit, `${path}.unit`);
  return {
    title: title(raw.name, `${path}.name`, id),
    ...readFormat(string(raw.datatype, `${path}.datatype`), string(raw.format, `${path}.format`), path),
    ...(unit === undefined || unit === "" ? {} : { unit: unit.slice(0, 32) }),
    ...(settable ? {} : { readOnly: true }),
    ...(retained ? {} : { momentary: true }),
    observable: true,
  };
}

function attempt<Result>(read: () => Result): Result | Refusal {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function object(value: unknown, path: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Refusal(path, `expected an object, found ${show(value)}`);
}

function string(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new Refusal(path, `expected a string, found ${show(value)}`);
}

function boolean(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  throw new Refusal(path, `expected true or false, found ${show(value)}`);
}

function stringList(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new Refusal(path, `expected a list of ids, found ${show(value)}`);
}

function title(value: unknown, path: string, fallback: string): string {
  const text = string(value, path);
  return text === undefined || text === "" ? fallback : text.slice(0, 256);
}
