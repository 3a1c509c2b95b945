import { type Fields, fields, list, member, text, word } from "./outside.ts";

/**
 * What the gateway's live socket `/ws` says, as far as nodes need it. First comes one snapshot, then deltas whose
 * numbers count up by one. What is of no known kind is from a newer gateway, and left out.
 */
export const QUALITIES = ["good", "stale", "bad"] as const;
export const COMMAND_STATES = ["accepted", "sent", "confirmed", "refused", "failed", "expired"] as const;
export const CLOCKS = ["untrusted", "holdover", "synced"] as const;

export interface PropertyValue {
  readonly value: unknown;
  readonly quality: (typeof QUALITIES)[number];
  /** When it was observed, by the source; ISO 8601. */
  readonly time: string;
  readonly receivedAt?: string;
}

export interface PropertyInfo {
  readonly title?: string;
  readonly type?: string;
  readonly unit?: string;
  readonly readOnly: boolean;
  readonly values?: readonly string[];
}

export interface ThingInfo {
  readonly id: string;
  readonly title?: string;
  readonly area?: string;
  readonly availability: string;
  readonly properties: ReadonlyMap<string, PropertyInfo>;
  /** Last known values; the mirror of the gateway keeps them up to date. */
  readonly values: Map<string, PropertyValue>;
  /** What the device wants people to know. */
  readonly alerts: readonly Fields[];
}

/** A command as the gateway shows it; all of its fields go on to the flow. */
export interface CommandInfo extends Fields {
  readonly id: string;
  readonly thing: string;
  readonly state: (typeof COMMAND_STATES)[number];
}

export interface RuleInfo {
  readonly id: string;
  readonly title?: string;
  readonly status?: string;
  /** Its latest evaluation; JSON as it came. */
  readonly lastTrace?: Fields;
}

export interface GatewayInfo {
  readonly id: string;
  readonly version?: string;
  readonly clock: (typeof CLOCKS)[number];
  readonly store?: string;
  readonly problems: readonly Fields[];
}

export interface BridgeInfo extends Fields {
  readonly id: string;
  readonly state: string;
}

export type Change =
  | { readonly kind: "thing"; readonly thing: ThingInfo }
  | { readonly kind: "retired"; readonly id: string }
  | { readonly kind: "availability"; readonly id: string; readonly availability: string }
  | {
      readonly kind: "reading";
      readonly id: string;
      readonly property: string;
      readonly value: PropertyValue;
    }
  | { readonly kind: "alerts"; readonly id: string; readonly alerts: readonly Fields[] }
  | { readonly kind: "command"; readonly command: CommandInfo }
  | { readonly kind: "rule"; readonly rule: RuleInfo }
  | { readonly kind: "rule-removed"; readonly id: string }
  | { readonly kind: "bridge"; readonly bridge: BridgeInfo }
  | { readonly kind: "bridge-removed"; readonly id: string }
  | { readonly kind: "gateway"; readonly gateway: GatewayInfo }
  | { readonly kind: "notification"; readonly notification: Fields };

export interface LiveMessage {
  readonly type: "snapshot" | "delta";
  readonly seq: number;
  readonly changes: readonly Change[];
  /** Parts of a known kind that were not as they should be. */
  readonly broken: number;
}

/** @returns `undefined` for what is no message of the gateway at all. */
export function readLiveMessage(json: string): LiveMessage | undefined {
  let message: Fields | undefined;
  try {
    message = fields(JSON.parse(json));
  } catch {
    return undefined;
  }
  if (message === undefined) return undefined;
  const { type, seq } = message;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq)) return undefined;
  if (type === "delta" && Array.isArray(message.changes)) {
    const known = message.changes.filter((change) => READERS[kindOf(change)] !== undefined);
    const changes = known.map((change) => READERS[kindOf(change)]?.(fields(change) ?? {}));
    return counted("delta", seq, changes);
  }
  if (type !== "snapshot" || fields(message.gateway) === undefined || !Array.isArray(message.things)) {
    return undefined;
  }
  return counted("snapshot", seq, [
    READERS.gateway?.({ gateway: message.gateway }),
    ...message.things.map((thing) => READERS.thing?.({ thing })),
    ...list(message.rules).map((rule) => READERS.rule?.({ rule })),
    ...list(message.bridges).map((bridge) => READERS.bridge?.({ bridge })),
  ]);
}

function counted(
  type: LiveMessage["type"],
  seq: number,
  found: readonly (Change | undefined)[],
): LiveMessage {
  const changes = found.filter((change) => change !== undefined);
  return { type, seq, changes, broken: found.length - changes.length };
}

function kindOf(change: unknown): string {
  return text(fields(change)?.kind) ?? "";
}

type Reader = (change: Fields) => Change | undefined;

/** Without a prototype: `constructor` is no kind of change. */
const READERS: Readonly<Record<string, Reader | undefined>> = Object.assign(Object.create(null), {
  thing: ({ thing }) => {
    const info = readThing(fields(thing) ?? {});
    return info === undefined ? undefined : { kind: "thing", thing: info };
  },
  retired: ({ id }) => (typeof id === "string" ? { kind: "retired", id } : undefined),
  availability: ({ id, availability }) =>
    typeof id === "string" && typeof availability === "string"
      ? { kind: "availability", id, availability }
      : undefined,
  reading: ({ id, property, view }) => {
    const value = readValue(view);
    return typeof id === "string" && typeof property === "string" && value !== undefined
      ? { kind: "reading", id, property, value }
      : undefined;
  },
  alerts: ({ id, alerts }) =>
    typeof id === "string" && Array.isArray(alerts)
      ? { kind: "alerts", id, alerts: objects(alerts) }
      : undefined,
  command: ({ command }) => {
    const info = readCommand(command);
    return info === undefined ? undefined : { kind: "command", command: info };
  },
  rule: ({ rule }) => {
    const { id, title, status, lastTrace } = fields(rule) ?? {};
    const trace = fields(lastTrace);
    if (typeof id !== "string") return undefined;
    const info = { id, ...optional("title", title), ...optional("status", status) };
    return { kind: "rule", rule: { ...info, ...(trace === undefined ? {} : { lastTrace: trace }) } };
  },
  "rule-removed": ({ id }) => (typeof id === "string" ? { kind: "rule-removed", id } : undefined),
  bridge: ({ bridge }) => {
    const found = fields(bridge) ?? {};
    const { id, state } = found;
    return typeof id === "string" && typeof state === "string"
      ? { kind: "bridge", bridge: { ...found, id, state } }
      : undefined;
  },
  "bridge-removed": ({ id }) => (typeof id === "string" ? { kind: "bridge-removed", id } : undefined),
  gateway: ({ gateway }) => {
    const { id, version, clock, store, problems } = fields(gateway) ?? {};
    const trust = word(clock, CLOCKS);
    if (typeof id !== "string" || trust === undefined) return undefined;
    const info = { id, clock: trust, problems: objects(problems) };
    return {
      kind: "gateway",
      gateway: { ...info, ...optional("version", version), ...optional("store", store) },
    };
  },
  notification: ({ notification }) => {
    const found = fields(notification);
    return found === undefined ? undefined : { kind: "notification", notification: found };
  },
} satisfies Readonly<Record<string, Reader>>);

/** @returns `undefined` for what is no command. */
export function readCommand(command: unknown): CommandInfo | undefined {
  const found = fields(command) ?? {};
  const { id, thing } = found;
  const state = word(found.state, COMMAND_STATES);
  if (typeof id !== "string" || typeof thing !== "string" || state === undefined) return undefined;
  return { ...found, id, thing, state };
}

function readThing(view: Fields): ThingInfo | undefined {
  const thing = fields(view.thing) ?? {};
  const { id, title } = thing;
  if (typeof id !== "string") return undefined;
  const properties = new Map<string, PropertyInfo>();
  for (const [key, described] of Object.entries(fields(thing.properties) ?? {})) {
    properties.set(key, readProperty(fields(described) ?? {}));
  }
  const values = new Map<string, PropertyValue>();
  for (const [key, found] of Object.entries(fields(view.properties) ?? {})) {
    const value = readValue(found);
    if (value !== undefined) values.set(key, value);
  }
  const availability = text(view.availability) ?? "unknown";
  return {
    id,
    availability,
    properties,
    values,
    alerts: objects(view.alerts),
    ...optional("title", title),
    ...optional("area", view.area),
  };
}

function readProperty(described: Fields): PropertyInfo {
  const { title, type, unit, readOnly } = described;
  const values = list(described.enum).filter((value) => typeof value === "string");
  return {
    readOnly: readOnly === true,
    ...optional("title", title),
    ...optional("type", type),
    ...optional("unit", unit),
    ...(values.length === 0 ? {} : { values }),
  };
}

function readValue(view: unknown): PropertyValue | undefined {
  const found = fields(view) ?? {};
  const quality = word(found.quality, QUALITIES);
  const time = text(found.time);
  if (quality === undefined || time === undefined || !Object.hasOwn(found, "value")) return undefined;
  return { value: member(found, "value"), quality, time, ...optional("receivedAt", found.receivedAt) };
}

function objects(value: unknown): readonly Fields[] {
  return list(value)
    .map(fields)
    .filter((found) => found !== undefined);
}

function optional<Name extends string>(name: Name, value: unknown): { readonly [Key in Name]?: string } {
  const found = text(value);
  return found === undefined ? {} : ({ [name]: found } as { readonly [Key in Name]?: string });
}
