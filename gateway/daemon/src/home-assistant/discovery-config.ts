import { isJson, isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import { ABBREVIATIONS, AVAILABILITY_ABBREVIATIONS, DEVICE_ABBREVIATIONS } from "./abbreviations.ts";

/** A configuration larger than this is refused unread. In bytes; a device of Zigbee2MQTT takes 2 to 20 kB. */
export const DISCOVERY_LIMIT_BYTES = 131_072;
/** How deep it may nest: a list of components has lists of their own options. */
const LEVELS = 8;
/** Entities of one device. */
const ENTITY_LIMIT = 128;
const BASE = "~";

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
  const device = isJsonObject(options.device) ? expanded(options.device, DEVICE_ABBREVIATIONS) : {};
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
    if (!isJsonObject(value)) return { ok: false, problem: `components.${id}: expected an object` };
    const own = expanded(value, ABBREVIATIONS);
    if (typeof own.platform !== "string") {
      return { ok: false, problem: `components.${id}.platform: expected the name of a component` };
    }
    // Only its platform: the entity is to be removed.
    if (Object.keys(own).length === 1) continue;
    const shared = pick(options, ["state_topic", "command_topic", "qos", "retain", "encoding", BASE]);
    entities.push({ component: own.platform, objectId: id, options: based({ ...shared, ...own }) });
  }
  return { ok: true, message: { ...common, entities } };
}

function expanded(object: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]));
}

/** Replaces `~` at the beginning or the end of topics. */
function based(options: JsonObject): JsonObject {
  const base = options[BASE];
  if (typeof base !== "string") return options;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, isTopic(name) ? whole(value, base) : value]),
  );
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
  const listed = entries.filter(isJsonObject).map((each) => expanded(each, AVAILABILITY_ABBREVIATIONS));
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
  return [...listed, ...single].map((each) => based(base === undefined ? each : { ...each, [BASE]: base }));
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]]])),
  );
}
