import { isId, type PropertyKey, parsePropertyKey, parseThingId, type ThingId } from "../ids.ts";

/** Homie 5.0 "Base topic": the domain and the major version of the convention. */
export const HOMIE_ROOT = "homie/5";

/** What a topic under `homie/5/` means. */
export type HomieTopic =
  | { readonly kind: "attribute"; readonly device: ThingId; readonly attribute: string }
  | { readonly kind: "value"; readonly device: ThingId; readonly property: PropertyKey }
  | { readonly kind: "set"; readonly device: ThingId; readonly property: PropertyKey }
  | { readonly kind: "target"; readonly device: ThingId; readonly property: PropertyKey }
  | { readonly kind: "alert"; readonly device: ThingId; readonly alert: string }
  | { readonly kind: "log"; readonly device: ThingId; readonly level: HomieLogLevel }
  | { readonly kind: "broadcast"; readonly subtopic: string };

/** Homie 5.0 "Logging". */
export const HOMIE_LOG_LEVELS = ["debug", "info", "warn", "error", "fatal"] as const;
export type HomieLogLevel = (typeof HOMIE_LOG_LEVELS)[number];

/** Reads a topic; `undefined` when it is not one that Homie 5 defines. */
export function parseHomieTopic(topic: string): HomieTopic | undefined {
  if (!topic.startsWith(`${HOMIE_ROOT}/`)) return undefined;
  const levels = topic.slice(HOMIE_ROOT.length + 1).split("/");
  const [first, second, third, fourth] = levels;
  if (first === "$broadcast") {
    const subtopic = levels.slice(1).join("/");
    return isBroadcastSubtopic(subtopic) ? { kind: "broadcast", subtopic } : undefined;
  }
  const device = first === undefined ? undefined : parseThingId(first);
  if (device === undefined || second === undefined) return undefined;
  if (second.startsWith("$")) return parseAttribute(device, second.slice(1), levels.slice(2));
  if (third === undefined || levels.length > 4) return undefined;
  const property = parsePropertyKey(`${second}/${third}`);
  if (property === undefined) return undefined;
  if (fourth === undefined) return { kind: "value", device, property };
  if (fourth === "set") return { kind: "set", device, property };
  if (fourth === "$target") return { kind: "target", device, property };
  return undefined;
}

function parseAttribute(
  device: ThingId,
  attribute: string,
  below: readonly string[],
): HomieTopic | undefined {
  const [name] = below;
  if (name === undefined) return attribute === "" ? undefined : { kind: "attribute", device, attribute };
  // Homie 5.0 "Alert topic", "Logging": one level below, and no more.
  if (below.length > 1) return undefined;
  if (attribute === "alert") return isId(name) ? { kind: "alert", device, alert: name } : undefined;
  const level = attribute === "log" ? HOMIE_LOG_LEVELS.find((each) => each === name) : undefined;
  return level === undefined ? undefined : { kind: "log", device, level };
}

/** Homie 5.0 "Broadcast Topic": one level or several, each an id. At most 256 characters. */
export function isBroadcastSubtopic(subtopic: string): boolean {
  return subtopic.length <= 256 && subtopic.split("/").every(isId);
}

export function broadcastTopic(subtopic: string): string {
  return `${HOMIE_ROOT}/$broadcast/${subtopic}`;
}

export function alertTopic(device: ThingId, alert: string): string {
  return `${HOMIE_ROOT}/${device}/$alert/${alert}`;
}

export function logTopic(device: ThingId, level: HomieLogLevel): string {
  return `${HOMIE_ROOT}/${device}/$log/${level}`;
}

export function deviceTopic(device: ThingId, attribute: "state" | "description"): string {
  return `${HOMIE_ROOT}/${device}/$${attribute}`;
}

export function valueTopic(device: ThingId, property: PropertyKey): string {
  return `${HOMIE_ROOT}/${device}/${property}`;
}

export function setTopic(device: ThingId, property: PropertyKey): string {
  return `${valueTopic(device, property)}/set`;
}

export function targetTopic(device: ThingId, property: PropertyKey): string {
  return `${valueTopic(device, property)}/$target`;
}

/** Homie 5.0 allows a device to own children; by our convention their ids start with the parent's. */
export function isOwnDevice(topicDevice: string, account: string): boolean {
  return isId(topicDevice) && (topicDevice === account || topicDevice.startsWith(`${account}-`));
}
