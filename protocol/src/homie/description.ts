import { isId, parsePropertyKey, parseThingId, type ThingId } from "../ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { show } from "../schema-problem.ts";
import { type DataSchema, ENUM_LIMITS, type PropertyAffordance, THING_LIMITS, type Thing } from "../thing.ts";
import { HOMIE_FLOAT, homieDatatype } from "./value.ts";

/** A `$description` larger than this is refused unread. In bytes; 512 properties take about 60 kB. */
export const DESCRIPTION_LIMIT_BYTES = 262_144;

export type DescriptionResult =
  | {
      readonly ok: true;
      readonly thing: Thing;
      readonly parent?: ThingId;
      readonly children: readonly string[];
    }
  | { readonly ok: false; readonly path: string; readonly problem: string };

class Refusal {
  readonly path: string;
  readonly problem: string;
  constructor(path: string, problem: string) {
    this.path = path;
    this.problem = problem;
  }
}

/**
 * Reads a Homie 5 `$description` document into a Thing.
 * Unknown members are ignored, as the convention asks of consumers; members it defines must have its types.
 */
export function parseHomieDescription(id: ThingId, text: string): DescriptionResult {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { ok: false, path: "$description", problem: `expected JSON: ${(error as Error).message}` };
  }
  try {
    return readDevice(id, object(document, "$description"));
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, path: error.path, problem: error.problem };
    throw error;
  }
}

function readDevice(id: ThingId, device: JsonObject): DescriptionResult {
  const version = string(device.homie, "homie") ?? "";
  if (!/^5\.\d+$/.test(version)) throw new Refusal("homie", `expected "5.x", found ${show(device.homie)}`);
  if (typeof device.version !== "number" || !Number.isSafeInteger(device.version)) {
    throw new Refusal("version", `expected an integer, found ${show(device.version)}`);
  }
  const nodes: Record<string, { title: string }> = {};
  const properties: Record<string, PropertyAffordance> = {};
  let count = 0;
  for (const [nodeId, rawNode] of Object.entries(object(device.nodes ?? {}, "nodes"))) {
    if (!isId(nodeId)) throw new Refusal("nodes", `expected ids of a-z, 0-9 and -, found ${show(nodeId)}`);
    const path = `nodes.${nodeId}`;
    const node = object(rawNode, path);
    nodes[nodeId] = { title: title(node.name, `${path}.name`, nodeId) };
    for (const [propertyId, raw] of Object.entries(object(node.properties ?? {}, `${path}.properties`))) {
      const key = parsePropertyKey(`${nodeId}/${propertyId}`);
      if (key === undefined) {
        throw new Refusal(`${path}.properties`, `expected ids of a-z, 0-9 and -, found ${show(propertyId)}`);
      }
      const propertyPath = `${path}.properties.${propertyId}`;
      if (++count > THING_LIMITS.properties) {
        throw new Refusal("nodes", `expected at most ${THING_LIMITS.properties} properties`);
      }
      properties[key] = readProperty(object(raw, propertyPath), propertyPath, propertyId);
    }
  }
  const model = string(device.type, "type") ?? "";
  const parentId = string(device.parent, "parent");
  const parent = parentId === undefined ? undefined : parseThingId(parentId);
  if (parentId !== undefined && parent === undefined) {
    throw new Refusal("parent", `expected the id of a device, found ${show(parentId)}`);
  }
  return {
    ok: true,
    thing: {
      id,
      title: title(device.name, "name", id),
      ...(model === "" ? {} : { model: model.slice(0, 256) }),
      nodes,
      properties,
    },
    ...(parent === undefined ? {} : { parent }),
    children: stringList(device.children, "children"),
  };
}

function readProperty(raw: JsonObject, path: string, id: string): PropertyAffordance {
  const settable = boolean(raw.settable, `${path}.settable`) ?? false;
  const retained = boolean(raw.retained, `${path}.retained`) ?? true;
  const unit = string(raw.unit, `${path}.unit`);
  return {
    title: title(raw.name, `${path}.name`, id),
    ...readDatatype(raw, path),
    ...(unit === undefined || unit === "" ? {} : { unit: unit.slice(0, 32) }),
    ...(settable ? {} : { readOnly: true }),
    ...(retained ? {} : { momentary: true }),
    observable: true,
  };
}

function readDatatype(raw: JsonObject, path: string): DataSchema {
  const format = string(raw.format, `${path}.format`);
  const datatype = string(raw.datatype, `${path}.datatype`);
  switch (datatype) {
    case "integer":
    case "float":
      return {
        type: datatype === "integer" ? "integer" : "number",
        ...(format === undefined || format === "" ? {} : readRange(format, `${path}.format`)),
      };
    case "boolean":
      return { type: "boolean" };
    case "string":
      return { type: "string" };
    case "enum": {
      const values = format?.split(",") ?? [];
      const fits = (value: string): boolean => value !== "" && value.length <= ENUM_LIMITS.characters;
      if (values.length === 0 || values.length > ENUM_LIMITS.values || !values.every(fits)) {
        throw new Refusal(
          `${path}.format`,
          `expected 1 to ${ENUM_LIMITS.values} values of 1 to ${ENUM_LIMITS.characters} characters, separated by commas, found ${show(raw.format)}`,
        );
      }
      return { type: "string", enum: values };
    }
    case "color":
      return { type: "string", format: "color" };
    case "datetime":
      return { type: "string", format: "date-time" };
    case "duration":
      return { type: "string", format: "duration" };
    case "json":
      return { type: describesArray(format) ? "array" : "object" };
    default:
      throw new Refusal(
        `${path}.datatype`,
        `expected integer, float, boolean, string, enum, color, datetime, duration or json, found ${show(raw.datatype)}`,
      );
  }
}

/** Homie 5.0 "Formats": that of `json` is a JSON Schema. One that cannot be read says nothing. */
function describesArray(format: string | undefined): boolean {
  if (format === undefined) return false;
  try {
    const schema: unknown = JSON.parse(format);
    return isJsonObject(schema) && schema.type === "array";
  } catch {
    return false;
  }
}

/** Homie 5.0 "Formats": `[min]:[max][:step]`. */
function readRange(format: string, path: string): Pick<DataSchema, "minimum" | "maximum" | "multipleOf"> {
  const parts = format.split(":");
  const [minimum, maximum, step] = parts.map((part) =>
    part === "" ? undefined : HOMIE_FLOAT.test(part) ? Number(part) : Number.NaN,
  );
  const numbers = [minimum, maximum, step].filter((part) => part !== undefined);
  if (parts.length < 2 || parts.length > 3 || numbers.some((part) => !Number.isFinite(part))) {
    throw new Refusal(path, `expected [min]:[max][:step], found ${show(format)}`);
  }
  if (step !== undefined && step <= 0) throw new Refusal(path, `expected a step above 0, found ${step}`);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw new Refusal(path, `expected min ≤ max, found ${show(format)}`);
  }
  return {
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(step === undefined ? {} : { multipleOf: step }),
  };
}

/**
 * Writes the Homie 5 `$description` of a Thing; the model that it follows is its `type`. `version` must change whenever the description does. */
export function homieDescription(
  thing: Thing,
  relation: { readonly root?: ThingId; readonly children?: readonly ThingId[] } = {},
): string {
  // A map, because `constructor` is a valid id of a node.
  const nodes = new Map<string, { readonly name: string; readonly properties: Record<string, Json> }>();
  for (const [key, property] of Object.entries(thing.properties)) {
    const [nodeId, propertyId] = key.split("/") as [string, string];
    const node = nodes.get(nodeId) ?? { name: thing.nodes?.[nodeId]?.title ?? nodeId, properties: {} };
    nodes.set(nodeId, node);
    node.properties[propertyId] = describeProperty(property, propertyId);
  }
  const body = {
    homie: "5.0",
    name: thing.title,
    ...(thing.model === undefined ? {} : { type: thing.model }),
    ...(relation.root === undefined ? {} : { root: relation.root, parent: relation.root }),
    ...(relation.children === undefined ? {} : { children: relation.children }),
    nodes: Object.fromEntries(nodes),
  };
  return JSON.stringify({ ...body, version: contentVersion(JSON.stringify(body)) });
}

function describeProperty(property: PropertyAffordance, id: string): Json {
  const format = homieFormat(property);
  return {
    name: property.title ?? id,
    datatype: homieDatatype(property),
    ...(format === undefined ? {} : { format }),
    ...(property.readOnly === true ? {} : { settable: true }),
    ...(property.momentary === true ? { retained: false } : {}),
    ...(property.unit === undefined ? {} : { unit: property.unit }),
  };
}

function homieFormat(property: PropertyAffordance): string | undefined {
  switch (homieDatatype(property)) {
    case "enum":
      return property.enum?.join(",");
    case "color":
      return "rgb,hsv,xyz";
    case "json":
      return property.type === "array" ? '{"type":"array"}' : undefined;
    case "integer":
    case "float":
      return rangeFormat(property);
    default:
      return undefined;
  }
}

function rangeFormat({ minimum, maximum, multipleOf }: DataSchema): string | undefined {
  if (minimum === undefined && maximum === undefined && multipleOf === undefined) return undefined;
  const range = `${minimum ?? ""}:${maximum ?? ""}`;
  return multipleOf === undefined ? range : `${range}:${multipleOf}`;
}

/** A version that depends on the content alone: 31 bits of FNV-1a. */
function contentVersion(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 1;
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
