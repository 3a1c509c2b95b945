import {
  type JsonObject,
  type PropertyKey,
  parsePropertyKey,
  slugThingId,
  type ThingId,
} from "@tram/protocol";
import type { AvailabilityBinding, ForeignDevice, PropertyBinding } from "../foreign/foreign-device.ts";
import { asText, at, parseJson } from "../foreign/json-payload.ts";
import type { DiscoveryMessage } from "./discovery-config.ts";
import { flagOf } from "./entity-builder.ts";
import { entityIn } from "./entity-in.ts";
import { Options } from "./options.ts";

/** Ways in which a device may tell whether it is there. */
const AVAILABILITY_LIMIT = 64;

/** What tells the devices of an account apart: its first identifier; undefined where the message names none. */
export function identityOf({ device, entities }: DiscoveryMessage): string | undefined {
  const { connections, identifiers } = device;
  const [identifier] = Array.isArray(identifiers) ? identifiers : [identifiers];
  if (typeof identifier === "string" || typeof identifier === "number") return String(identifier);
  const [connection] = Array.isArray(connections) ? connections : [];
  if (Array.isArray(connection)) return connection.map(String).join(":");
  const unique = entities[0]?.options.unique_id;
  return typeof unique === "string" ? unique : undefined;
}

/** What people call it. */
export function titleOf(messages: readonly DiscoveryMessage[], fallback: string): string {
  for (const { device, entities } of messages) {
    const name = device.name ?? entities[0]?.options.name;
    if (typeof name === "string" && name !== "") return name.slice(0, 256);
  }
  return fallback;
}

/** Makes one device of all that was told of it. */
export function deviceIn(
  messages: readonly DiscoveryMessage[],
  { id, owner, title }: { readonly id: ThingId; readonly owner: string; readonly title: string },
): ForeignDevice {
  const properties = new Map<PropertyKey, PropertyBinding>();
  const nodes: Record<string, { title: string }> = {};
  const problems: string[] = [];
  for (const entity of messages.flatMap(({ entities }) => entities)) {
    const read = entityIn(entity);
    note(problems, read.problems);
    const node = nodeOf(entity.objectId, id);
    const name = entity.options.name;
    for (const { binding, role, standardKey } of read.properties) {
      const key = freeKey(properties, [
        standardKey,
        `${node}/${role}`,
        `${entity.component.replaceAll("_", "-")}-${node}/${role}`,
      ]);
      if (key === undefined) {
        note(problems, [`${entity.component}.${entity.objectId}: there is another one of that name`]);
        continue;
      }
      properties.set(key, binding);
      const [placed = node] = key.split("/");
      nodes[placed] ??= {
        title: placed === node && typeof name === "string" && name !== "" ? name.slice(0, 256) : placed,
      };
    }
  }
  const mode = messages.find(({ availabilityMode }) => availabilityMode !== undefined)?.availabilityMode;
  return {
    id,
    title,
    owner,
    nodes,
    properties,
    availability: availabilityIn(messages, problems),
    availabilityMode: mode === "all" || mode === "any" ? mode : "latest",
    tellsHass: true,
    problems: [...new Set(problems)],
  };
}

/** People read the first of them. */
function note(problems: string[], more: readonly string[]): void {
  for (const problem of more) if (problems.length < 16) problems.push(problem.slice(0, 200));
}

function freeKey(
  taken: ReadonlyMap<PropertyKey, unknown>,
  wished: readonly (string | undefined)[],
): PropertyKey | undefined {
  for (const text of wished) {
    const key = text === undefined ? undefined : parsePropertyKey(text);
    if (key !== undefined && !taken.has(key)) return key;
  }
  return undefined;
}

/** `9A1B2C_RL_1` of the device `9a1b2c` is its node `rl-1`. */
function nodeOf(objectId: string, device: ThingId): string {
  const slug = slugThingId(objectId);
  const short = slug.startsWith(`${device}-`) ? slug.slice(device.length + 1) : slug;
  return short === "" ? slug : short;
}

/** Every entity of a device brings the same list. */
function availabilityIn(
  messages: readonly DiscoveryMessage[],
  problems: string[],
): readonly AvailabilityBinding[] {
  const found = new Map<string, AvailabilityBinding>();
  for (const raw of messages.flatMap(({ availability }) => availability)) {
    const key = JSON.stringify(raw);
    if (found.size >= AVAILABILITY_LIMIT) break;
    const binding = found.has(key) ? undefined : availabilityOf(raw, problems);
    if (binding !== undefined) found.set(key, binding);
  }
  return [...found.values()];
}

function availabilityOf(raw: JsonObject, problems: string[]): AvailabilityBinding | undefined {
  const options = new Options(raw, "availability");
  const topic = options.topic("topic");
  const template = options.template("value_template");
  const there = flagOf(
    options.word("payload_available", "online"),
    options.word("payload_not_available", "offline"),
  );
  note(problems, options.problems);
  if (topic === undefined || options.isLost("value_template")) return undefined;
  return {
    topic,
    decode: (payload) => {
      const rendered = template?.renderPayload(payload);
      if (rendered?.ok === false) return undefined;
      return there(rendered?.text ?? stateOf(payload));
    },
  };
}

/** Zigbee2MQTT says `{"state":"online"}` where it used to say `online`, and not every description names the template. */
function stateOf(payload: string): string {
  if (!payload.startsWith("{")) return payload;
  return asText(at(parseJson(payload), "state")) ?? payload;
}
