import {
  isJsonObject,
  type Json,
  MAPPING_PLACEHOLDER,
  type MappedProperty,
  type MappingAvailability,
  type MappingProposal,
  slugThingId,
  type TopicMapping,
} from "@tram/protocol";
import { checkMapping } from "./check-mapping.ts";
import { writeJsonPath } from "./json-path.ts";
import { proposedProperty } from "./proposed-property.ts";
import { kindOf, objectOf, pairOf } from "./seen-values.ts";
import { isCarrier, isOrder, isPresence, PRESENCE_PAIRS } from "./topic-words.ts";
import type { Unclaimed } from "./unclaimed-topics.ts";

const LIMITS = { proposals: 64, properties: 32, memberLevels: 2, samples: 16 } as const;

export interface ProposeOptions {
  /** Topics that clients listen to: where commands are taken is seen by that. */
  readonly subscribed: ReadonlySet<string>;
  /** Whether a mapping and its Thing may have this id. */
  readonly isFree: (id: string) => boolean;
}

/** Something that a device tells, before it has a key. */
interface Told {
  readonly topic: string;
  readonly name: string;
  readonly path?: string;
  readonly samples: readonly string[];
}

/** What begins with the same levels. */
interface Group {
  readonly prefix: readonly string[];
  readonly told: Told[];
  availability?: MappingAvailability;
}

/**
 * Proposes mappings of topics that nobody has: topics with the same beginning are a device, and devices whose beginning
 * differs in one level are of one kind. What is guessed is for people to look at.
 */
export function propose(topics: readonly Unclaimed[], options: ProposeOptions): readonly MappingProposal[] {
  const commands = commandsAmong([...topics.map(({ topic }) => topic), ...options.subscribed]);
  const groups = new Map<string, Group>();
  for (const topic of topics) if (!takesOrders(topic.topic)) place(topic, groups);
  const devices = [...groups.values()].filter(({ told }) => told.length > 0);
  devices.sort((one, other) => (one.prefix.join("/") < other.prefix.join("/") ? -1 : 1));
  const proposals: MappingProposal[] = [];
  const taken = new Set<string>();
  for (const alike of kinds(devices)) {
    if (proposals.length >= LIMITS.proposals) break;
    const proposal = proposalFor(alike, commands, (id) => !taken.has(id) && options.isFree(id));
    if (proposal === undefined) continue;
    taken.add(proposal.mapping.id);
    proposals.push(proposal);
  }
  return proposals;
}

function takesOrders(topic: string): boolean {
  const levels = topic.split("/");
  return (
    levels.length > 1 && !/[+#]/.test(topic) && [...levels.slice(0, 1), ...levels.slice(-2)].some(isOrder)
  );
}

function place(seen: Unclaimed, groups: Map<string, Group>): void {
  const levels = seen.topic.split("/");
  const kind = kindOf(seen);
  // A level of many is filled with a text: where there is none, nothing can be read.
  if (kind === "other" || levels.includes("") || seen.topic.includes(MAPPING_PLACEHOLDER)) return;
  const texts = seen.samples.length > 0 ? seen.samples : [seen.payload ?? ""];
  const last = levels.at(-1) ?? "";
  if (kind === "object") {
    const prefix = levels.length > 1 && isCarrier(last) ? levels.slice(0, -1) : levels;
    for (const { name, path, value } of members(seen.payload ?? "")) {
      groupOf(prefix, groups).told.push({ topic: seen.topic, name, path, samples: [value] });
    }
    return;
  }
  const presence = levels.length > 1 && isPresence(last) ? pairOf(texts, PRESENCE_PAIRS) : undefined;
  if (presence !== undefined) {
    const [online, offline] = presence;
    groupOf(levels.slice(0, -1), groups).availability = { topic: seen.topic, online, offline };
    return;
  }
  const named = levels.length > 1 && isCarrier(last) ? levels.slice(0, -1) : levels;
  const prefix = named.length > 1 ? named.slice(0, -1) : named;
  groupOf(prefix, groups).told.push({ topic: seen.topic, name: named.at(-1) ?? "", samples: texts });
}

function groupOf(prefix: readonly string[], groups: Map<string, Group>): Group {
  const key = prefix.join("/");
  const group = groups.get(key) ?? { prefix, told: [] };
  groups.set(key, group);
  return group;
}

/** The values in a payload of JSON, each with its name, its path, and its text. */
function members(text: string): readonly { name: string; path: string; value: string }[] {
  const found: { name: string; path: string; value: string }[] = [];
  const walk = (value: { readonly [name: string]: Json }, steps: readonly string[]): void => {
    for (const [name, inner] of Object.entries(value)) {
      if (found.length >= LIMITS.properties) return;
      const place = [...steps, name];
      if (isJsonObject(inner)) {
        if (place.length < LIMITS.memberLevels) walk(inner, place);
      } else if (inner !== null && !Array.isArray(inner)) {
        const said = typeof inner === "string" ? inner : JSON.stringify(inner);
        found.push({ name: place.join(" "), path: writeJsonPath(place), value: said });
      }
    }
  };
  walk(objectOf(text) ?? {}, []);
  return found;
}

/** Puts devices of one kind together: their beginnings differ in one level, and they tell something by the same name. */
function kinds(devices: readonly Group[]): readonly (readonly Group[])[] {
  const patterns = new Map<string, Group[]>();
  for (const device of devices) {
    for (const index of device.prefix.keys()) {
      const pattern = device.prefix.with(index, MAPPING_PLACEHOLDER).join("/");
      patterns.set(pattern, [...(patterns.get(pattern) ?? []), device]);
    }
  }
  const placed = new Set<Group>();
  const result: (readonly Group[])[] = [];
  for (const candidates of [...patterns.values()].sort((one, other) => other.length - one.length)) {
    const [first, ...others] = candidates.filter((device) => !placed.has(device));
    if (first === undefined) continue;
    const names = new Set(first.told.map(nameOf));
    const alike = [first, ...others.filter(({ told }) => told.some((each) => names.has(nameOf(each))))];
    if (alike.length < 2) continue;
    for (const device of alike) placed.add(device);
    result.push(alike);
  }
  return [...result, ...devices.filter((device) => !placed.has(device)).map((device) => [device])];
}

function nameOf({ name, path }: Told): string {
  return `${name}\n${path ?? ""}`;
}

function proposalFor(
  alike: readonly Group[],
  commands: ReadonlyMap<string, string>,
  isFree: (id: string) => boolean,
): MappingProposal | undefined {
  const [first, second] = alike;
  if (first === undefined) return undefined;
  const index =
    second === undefined ? -1 : first.prefix.findIndex((level, at) => level !== second.prefix[at]);
  const inGeneral = (levels: readonly string[]): readonly string[] =>
    index < 0 || index >= levels.length ? levels : levels.with(index, MAPPING_PLACEHOLDER);
  const general = (topic: string): string => inGeneral(topic.split("/")).join("/");
  const properties: Record<string, MappedProperty> = {};
  const told = new Map<string, Told>();
  for (const each of alike.flatMap((device) => device.told)) {
    const key = `${general(each.topic)}\n${each.path ?? ""}`;
    const known = told.get(key);
    // Of a thousand devices of a kind the first few tell as much as all of them.
    if (known !== undefined && known.samples.length >= LIMITS.samples) continue;
    told.set(key, known === undefined ? each : { ...known, samples: [...known.samples, ...each.samples] });
  }
  const only = told.size === 1;
  for (const each of [...told.values()].slice(0, LIMITS.properties)) {
    const found = proposedProperty(each, {
      topic: general(each.topic),
      taken: properties,
      command: commandFor(each, commands, only),
    });
    if (found === undefined) continue;
    const { command, key, property } = found;
    properties[key] = command === undefined ? property : { ...property, write: { topic: general(command) } };
  }
  const fixed = first.prefix.filter((_level, at) => at !== index);
  const base = slugThingId(fixed.length === 0 ? "device" : fixed.join(" "));
  const levels = index < 0 ? [] : alike.map(({ prefix }) => prefix[index] ?? "");
  let id: string = base;
  for (let count = 2; !isFree(id) && count < 1_000; count++) id = `${base}-${count}`;
  const availability = alike.find((device) => device.availability !== undefined)?.availability;
  const mapping: TopicMapping = {
    id,
    title: titled(inGeneral(first.prefix).join(" ")),
    ...(availability && { availability: { ...availability, topic: general(availability.topic) } }),
    properties,
  };
  if (!checkMapping(mapping).ok) return undefined;
  return {
    mapping,
    topics: [...new Set(alike.flatMap((device) => device.told.map(({ topic }) => topic)))],
    things: index < 0 ? [id] : levels.map((level) => slugThingId(`${id}-${level}`)),
  };
}

/** Topics at which commands are taken, by what is left of them without the level that says so. */
function commandsAmong(topics: readonly string[]): ReadonlyMap<string, string> {
  const commands = new Map<string, string>();
  for (const topic of topics.filter(takesOrders)) {
    const target = topic
      .split("/")
      .filter((level) => !isOrder(level))
      .join("/");
    if (!commands.has(target)) commands.set(target, topic);
  }
  return commands;
}

/** Where the commands for what is told are taken: beside it, below it, or at the device where it has but one thing. */
function commandFor(
  { name, path, topic }: Told,
  commands: ReadonlyMap<string, string>,
  only: boolean,
): string | undefined {
  const levels = topic.split("/");
  const base = isCarrier(levels.at(-1) ?? "") ? levels.slice(0, -1) : levels;
  const own = path === undefined ? base : [...base, name];
  const found = commands.get(own.join("/"));
  if (found !== undefined || !only) return found;
  return commands.get(base.join("/")) ?? commands.get(base.slice(0, -1).join("/"));
}

function titled(text: string): string {
  const clean = text.replaceAll("_", " ").slice(0, 256);
  return clean.slice(0, 1).toUpperCase() + clean.slice(1);
}
