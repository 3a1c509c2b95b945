import { deviceTopic } from "../homie/topics.ts";
import type { ThingId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { HassEntity } from "../models/thing-model.ts";
import type { Thing } from "../thing.ts";
import { type EntityModel, entitiesOf, mainOf } from "./entity.ts";
import { entityConfig } from "./entity-config.ts";

/** Home Assistant's default; whoever changed it there must change it here. */
export const HASS_PREFIX = "homeassistant";

/** Where Home Assistant tells that it has started, and wants to hear everything again: `online`. */
export const HASS_BIRTH_TOPIC = `${HASS_PREFIX}/status`;

/** Who speaks for the Thing. */
export interface DiscoveryOrigin {
  /** Product and version, for people who look where something comes from. */
  readonly name: string;
  readonly version: string;
  /** The gateway: its Homie root device. */
  readonly gateway: ThingId;
  /** The Thing is a client of the broker itself: what it says of its state is told by its own last will. */
  readonly onMqtt: boolean;
  /** Where the Thing is, for people. */
  readonly area?: string | undefined;
}

/** Entities that are named after their node, for their property is called `On` or `Open`. */
const NAMED_BY_NODE = new Set([
  "switch",
  "light",
  "fan",
  "cover",
  "valve",
  "lock",
  "climate",
  "siren",
  "humidifier",
]);

export function discoveryTopic(thing: ThingId): string {
  return `${HASS_PREFIX}/device/${thing}/config`;
}

/**
 * What Home Assistant is told of a Thing: one device with all its entities ("device discovery", since release 2024.11,
 * https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload), over the topics that Homie has for them.
 * @returns undefined for a Thing of which it has nothing to show.
 */
export function hassDiscovery(
  thing: Thing,
  { area, gateway, name, onMqtt, version }: DiscoveryOrigin,
  model?: EntityModel,
): string | undefined {
  const id = thing.id as ThingId;
  const entities = entitiesOf(thing, model);
  if (entities.length === 0) return undefined;
  const names = namesOf(thing, entities);
  const components = entities.map((entity): [string, Json] => {
    const key = (mainOf(entity) ?? "").replace("/", "-");
    const config = entityConfig(thing, entity);
    return [key, { ...config, name: names.get(entity) ?? key, unique_id: `${gateway}_${id}_${key}` }];
  });
  return JSON.stringify({
    device: {
      identifiers: [`${gateway}_${id}`],
      name: thing.title,
      ...(thing.model === undefined ? {} : { model: thing.model }),
      ...(area === undefined ? {} : { suggested_area: area }),
    },
    origin: { name, sw_version: version },
    availability: [awake(id), ...(onMqtt ? notLost(thing) : [awake(gateway)])],
    availability_mode: "all",
    qos: 1,
    components: Object.fromEntries(components),
  });
}

/** Homie 5.0 "Device hierarchy": who has a root is lost with it. */
function notLost({ parent, root = parent }: Thing): Json[] {
  if (root === undefined) return [];
  const topic = deviceTopic(root as ThingId, "state");
  return [{ topic, value_template: "{{ 'offline' if value == 'lost' else 'online' }}" }];
}

/** Homie 5.0 "Device lifecycle": a sleeping device is well, and its values hold. */
function awake(id: ThingId): Json {
  return {
    topic: deviceTopic(id, "state"),
    value_template: "{{ 'online' if value in ('ready', 'sleeping') else 'offline' }}",
  };
}

/** Names that tell the entities of a Thing apart. */
function namesOf(thing: Thing, entities: readonly HassEntity[]): ReadonlyMap<HassEntity, string> {
  const plain = new Map(
    entities.map((entity) => {
      const key = mainOf(entity) ?? "";
      const node = key.split("/")[0] ?? "";
      const nodeTitle = thing.nodes?.[node]?.title ?? node;
      const title = thing.properties[key]?.title ?? key;
      const short = NAMED_BY_NODE.has(entity.component) ? nodeTitle : title;
      return [
        entity,
        { short, long: short === nodeTitle ? `${nodeTitle} ${title}` : `${nodeTitle} ${short}` },
      ];
    }),
  );
  const uses = new Map<string, number>();
  for (const { short } of plain.values()) uses.set(short, (uses.get(short) ?? 0) + 1);
  return new Map(
    [...plain].map(([entity, { long, short }]) => [entity, uses.get(short) === 1 ? short : long]),
  );
}
