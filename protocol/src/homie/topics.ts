import { isId, type PropertyKey, parsePropertyKey, parseThingId, type ThingId } from "../ids.ts";

/** Homie 5.0 "Base topic": the domain and the major version of the convention. */
export const HOMIE_ROOT = "homie/5";

/** What a topic under `homie/5/` means. */
export type HomieTopic =
  | { readonly kind: "attribute"; readonly device: ThingId; readonly attribute: string }
  | { readonly kind: "value"; readonly device: ThingId; readonly property: PropertyKey }
  | { readonly kind: "set"; readonly device: ThingId; readonly property: PropertyKey }
  | { readonly kind: "target"; readonly device: ThingId; readonly property: PropertyKey }
  | { readonly kind: "broadcast"; readonly subtopic: string };

/** Reads a topic; `undefined` when it is not one that Homie 5 defines. */
export function parseHomieTopic(topic: string): HomieTopic | undefined {
  if (!topic.startsWith(`${HOMIE_ROOT}/`)) return undefined;
  const levels = topic.slice(HOMIE_ROOT.length + 1).split("/");
  const [first, second, third, fourth] = levels;
  if (first === "$broadcast") {
    const subtopic = levels.slice(1).join("/");
    return subtopic === "" ? undefined : { kind: "broadcast", subtopic };
  }
  const device = first === undefined ? undefined : parseThingId(first);
  if (device === undefined || second === undefined) return undefined;
  if (second.startsWith("$")) {
    const attribute = levels.slice(1).join("/").slice(1);
    return attribute === "" ? undefined : { kind: "attribute", device, attribute };
  }
  if (third === undefined || levels.length > 4) return undefined;
  const property = parsePropertyKey(`${second}/${third}`);
  if (property === undefined) return undefined;
  if (fourth === undefined) return { kind: "value", device, property };
  if (fourth === "set") return { kind: "set", device, property };
  if (fourth === "$target") return { kind: "target", device, property };
  return undefined;
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
