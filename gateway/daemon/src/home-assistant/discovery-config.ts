import { isJson, isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import { ABBREVIATIONS, AVAILABILITY_ABBREVIATIONS, DEVICE_ABBREVIATIONS } from "./abbreviations.ts";

/** A configuration larger than this is refused unread. In bytes; a device of Zigbee2MQTT takes 2 to 20 kB. */
export const DISCOVERY_LIMIT_BYTES = 131_072;
/** How deep it may nest: a list of components has lists of their own options. */
const LEVELS = 8;
/** Entities of one message. */
const ENTITY_LIMIT = 128;
/** Of a topic, the name of an entity, what tells devices apart. In characters. */
export const TEXT_LIMIT = 512;
/** Ways in one message to tell whether a device is there. */
const AVAILABILITY_LIMIT = 16;
/** Longer lists are refused by whoever reads them. */
const LIST_LIMIT = 257;
const BASE = "~";

/** Options that somebody reads; of others nothing is kept. */
export const KNOWN: ReadonlySet<string> = new Set([
  ...ABBREVIATIONS.values(),
  ...AVAILABILITY_ABBREVIATIONS.values(),
  BASE,
  ...(
    "brightness color_temp fan_modes max max_temp min min_temp modes name qos reports_position schema step swing_modes " +
    "temp_step tilt_max tilt_min"
  ).split(" "),
]);

/** The same of `device`. */
const DEVICE_KNOWN: ReadonlySet<string> = new Set(["connections", "identifiers", "name"]);

/** One entity as a device describes it, with full names and whole topics. */
export interface EntityConfig {
  /** `sensor`, `light`, … */
  readonly component: string;
  /** Its own name within its device, as the topic or the list of components has it. */
  readonly objectId: string;
  readonly options: JsonObject;
}

/** What one discovery message describes. */
export interface DiscoveryMessage {
  readonly entities: readonly EntityConfig[];
  /** Empty where the message names no device. */
  readonly device: JsonObject;
  readonly availability: readonly JsonObject[];
  readonly availabilityMode: Json | undefined;
}

export type DiscoveryRead =
  | { readonly ok: true; readonly message: DiscoveryMessage }
  | { readonly ok: false; readonly problem: string };

/** What a discovery topic is about: `homeassistant/<component>/[<node>/]<object>/config`. */
export interface DiscoveryPlace {
  readonly component: string;
  readonly objectId: string;
}

const PLACE = /^([a-z_]+)\/(?:[A-Za-z0-9_-]+\/)?([A-Za-z0-9_-]+)\/config$/;

/**
 * @param begin how discovery topics begin: `homeassistant/`.
 * @returns undefined for a topic that is none.
 */
export function discoveryPlace(topic: string, begin: string): DiscoveryPlace | undefined {
  if (!topic.startsWith(begin)) return undefined;
  const [, component, objectId] = PLACE.exec(topic.slice(begin.length)) ?? [];
  return component === undefined || objectId === undefined ? undefined : { component, objectId };
}

/** Reads a discovery message: short names become long, `~` the base topic, a list of components entities. */
export function readDiscovery({ component, objectId }: DiscoveryPlace, payload: string): DiscoveryRead {
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch (error) {
    return { ok: false, problem: `expected JSON: ${(error as Error).message}` };
  }
  if (!isJsonObject(json) || !isJson(json, LEVELS)) {
    return { ok: false, problem: `expected a JSON object of at most ${LEVELS} levels` };
  }
  const options = expanded(json, ABBREVIATIONS);
  const device = isJsonObject(options.device)
    ? expanded(options.device, DEVICE_ABBREVIATIONS, DEVICE_KNOWN)
    : {};
  const common = {
    device,
    availability: availabilityOf(options),
    availabilityMode: options.availability_mode,
  };
  if (component !== "device") {
    return { ok: true, message: { ...common, entities: [{ component, objectId, options: based(options) }] } };
  }
  const { components } = options;
  if (!isJsonObject(components)) return { ok: false, problem: "components: expected an object" };
  const listed = Object.entries(components);
  if (listed.length > ENTITY_LIMIT) {
    return { ok: false, problem: `components: expected at most ${ENTITY_LIMIT}, found ${listed.length}` };
  }
  const entities: EntityConfig[] = [];
  for (const [id, value] of listed) {
    const path = `components.${id.slice(0, 80)}`;
    if (!isJsonObject(value)) return { ok: false, problem: `${path}: expected an object` };
    const own = expanded(value, ABBREVIATIONS);
    if (typeof own.platform !== "string") {
      return { ok: false, problem: `${path}.platform: expected the name of a component` };
    }
    if (id.length > TEXT_LIMIT || own.platform.length > TEXT_LIMIT) {
      return { ok: false, problem: `${path}: expected names of at most ${TEXT_LIMIT} characters` };
    }
    // Only its platform: the entity is to be removed.
    if (Object.keys(own).length === 1) continue;
    const shared = pick(options, ["state_topic", "command_topic", "qos", "retain", "encoding", BASE]);
    entities.push({ component: own.platform, objectId: id, options: based({ ...shared, ...own }) });
  }
  return { ok: true, message: { ...common, entities } };
}

/** Long names for short ones, of what somebody reads. */
function expanded(object: JsonObject, names: ReadonlyMap<string, string>, known = KNOWN): JsonObject {
  const found: [string, Json][] = [];
  for (const [short, value] of Object.entries(object)) {
    const name = names.get(short) ?? short;
    if (known.has(name)) found.push([name, value]);
  }
  return Object.fromEntries(found);
}

/** Replaces `~` at the beginning or the end of topics, and lets go of what nobody reads. */
function based(options: JsonObject): JsonObject {
  const base = options[BASE];
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const kept = Array.isArray(value) ? value.slice(0, LIST_LIMIT).map(flat) : flat(value);
      return [name, typeof base === "string" && isTopic(name) ? whole(kept, base) : kept];
    }),
  );
}

/** What is in an object nobody reads; that it is one is told. */
function flat(value: Json): Json {
  return typeof value === "object" && value !== null ? {} : value;
}

function isTopic(name: string): boolean {
  return name === "topic" || name.endsWith("_topic");
}

function whole(value: Json, base: string): Json {
  if (typeof value !== "string") return value;
  if (value.startsWith(BASE)) return base + value.slice(1);
  return value.endsWith(BASE) ? value.slice(0, -1) + base : value;
}

function availabilityOf(options: JsonObject): readonly JsonObject[] {
  const { availability, availability_topic: topic } = options;
  const base = options[BASE];
  const entries = Array.isArray(availability)
    ? availability
    : availability === undefined
      ? []
      : [availability];
  const listed = entries
    .filter(isJsonObject)
    .slice(0, AVAILABILITY_LIMIT)
    .map((each) => expanded(each, AVAILABILITY_ABBREVIATIONS));
  const single =
    typeof topic === "string"
      ? [
          {
            ...pick(options, ["payload_available", "payload_not_available"]),
            topic,
            ...(options.availability_template === undefined
              ? {}
              : { value_template: options.availability_template }),
          },
        ]
      : [];
  return [...listed, ...single]
    .slice(0, AVAILABILITY_LIMIT)
    .map((each) => based(base === undefined ? each : { ...each, [BASE]: base }));
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]]])),
  );
}
