import { type Json, MAPPING_PLACEHOLDER, type PropertyKey, type ThingId } from "@tram/protocol";
import type {
  AvailabilityBinding,
  Decoded,
  ForeignDevice,
  ForeignMessage,
  PropertyBinding,
} from "../foreign/foreign-device.ts";
import type { CheckedMapping, CheckedProperty } from "./check-mapping.ts";
import { meaning, pick, spelled } from "./mapped-value.ts";
import { topicOf } from "./plain-topic.ts";

/** Who speaks for the Things of a mapping: no account has such a name. */
export function mappingOwner(id: string): string {
  return `mapping/${id}`;
}

const SOURCE = `foreign:${mappingOwner("")}`;

/** The mapping that a Thing is of; undefined where it is of none. */
export function mappingOfSource(source: string): string | undefined {
  return source.startsWith(SOURCE) ? source.slice(SOURCE.length) : undefined;
}

/** Told where a path has led, so that one that never leads anywhere is seen. */
export type OnPick = (property: PropertyKey, found: boolean) => void;

/**
 * Makes the device of a mapping.
 * @param level what stands in the place of `{id}`; undefined where the mapping is for one.
 */
export function mappedDevice(
  { availability, mapping, properties }: CheckedMapping,
  { id, level }: { readonly id: ThingId; readonly level: string | undefined },
  onPick: OnPick = () => undefined,
): ForeignDevice {
  const nodes: Record<string, { title: string }> = {};
  const bindings = new Map<PropertyKey, PropertyBinding>();
  for (const [key, property] of properties) {
    const [node = ""] = key.split("/");
    nodes[node] ??= { title: property.node?.title ?? node };
    bindings.set(
      key,
      bindingOf(property, level, (found) => onPick(key, found)),
    );
  }
  return {
    id,
    title: titleOf(mapping, level),
    owner: mappingOwner(mapping.id),
    trusted: true,
    ...(mapping.model === undefined ? {} : { model: mapping.model }),
    nodes,
    properties: bindings,
    availability: availability === undefined ? [] : [thereOf(availability, level)],
    availabilityMode: "latest",
    problems: [],
  };
}

/** What a first message says of a property, to see whether it is a device of the kind at all. */
export function firstWord({ read, spelling }: CheckedProperty, payload: string): Decoded {
  return read === undefined ? { ok: true, value: undefined } : decode(payload, read, spelling);
}

function titleOf({ id, title }: CheckedMapping["mapping"], level: string | undefined): string {
  if (level === undefined) return title ?? id;
  const named = title ?? id;
  const whole = named.includes(MAPPING_PLACEHOLDER)
    ? named.replaceAll(MAPPING_PLACEHOLDER, () => level)
    : `${named} ${level}`;
  return whole.slice(0, 256);
}

function bindingOf(
  { read, spelling, write }: CheckedProperty,
  level: string | undefined,
  onPick: (found: boolean) => void,
): PropertyBinding {
  return {
    affordance: spelling.affordance,
    reads:
      read === undefined
        ? []
        : [
            {
              topic: topicOf(read.topic, level),
              decode: (payload: string) => decode(payload, read, spelling, onPick),
              ...(read.expireAfterMs === undefined ? {} : { expireAfterMs: read.expireAfterMs }),
            },
          ],
    ...(write && {
      write: { topic: topicOf(write.topic, level), encode: (value: Json) => encode(value, write, level) },
    }),
  };
}

function decode(
  payload: string,
  read: NonNullable<CheckedProperty["read"]>,
  spelling: CheckedProperty["spelling"],
  onPick?: (found: boolean) => void,
): Decoded {
  const said = pick(payload, read);
  onPick?.(said !== "absent");
  if (said === "absent") return { ok: true, value: undefined };
  return "problem" in said ? { ok: false, problem: said.problem } : meaning(said.found, spelling);
}

function encode(
  value: Json,
  { qos, retain, spelling, template, topic }: NonNullable<CheckedProperty["write"]>,
  level: string | undefined,
): ForeignMessage | string {
  const said = spelled(value, spelling);
  if (said === undefined) return `the device has no word for ${JSON.stringify(value)}`;
  const rendered = template?.render({ value: said });
  if (rendered?.ok === false) return rendered.problem;
  return { topic: topicOf(topic, level), payload: rendered?.text ?? String(said), qos, retain };
}

function thereOf(
  availability: NonNullable<CheckedMapping["availability"]>,
  level: string | undefined,
): AvailabilityBinding {
  return {
    topic: topicOf(availability.topic, level),
    decode: (payload) => {
      const said = pick(payload, availability);
      if (said === "absent" || "problem" in said) return undefined;
      const text = typeof said.found === "string" ? said.found.trim() : JSON.stringify(said.found);
      return text === availability.online ? true : text === availability.offline ? false : undefined;
    },
  };
}
