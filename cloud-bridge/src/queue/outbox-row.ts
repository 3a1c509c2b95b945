import { type CloudMessage, MESSAGE_CLASSES, type MessageClass } from "@tram/core";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import { isMoment } from "../moment.ts";

type Quality = CloudMessage["quality"];
const QUALITIES: readonly string[] = ["good", "stale", "bad"] satisfies Quality[];
const CLASSES: readonly string[] = MESSAGE_CLASSES;

/** Writes a message as it lies on disk. Keys are short and what is usual is left out: flash is counted in bytes. */
export function encodeRow(message: CloudMessage): JsonObject {
  return {
    i: message.id,
    c: message.class,
    g: message.group,
    ...(message.thing === message.group ? {} : { d: message.thing }),
    n: message.name,
    t: message.time,
    v: message.value,
    ...(message.quality === "good" ? {} : { q: message.quality }),
    ...(message.context === undefined ? {} : { x: message.context }),
  };
}

/** Reads it back; `undefined` for what no version of this file has written. */
export function decodeRow(value: Json): CloudMessage | undefined {
  if (!isJsonObject(value)) return undefined;
  const { i: id, c, g: group, n: name, t: time, v, q = "good", x: context } = value;
  const { d: thing = group } = value;
  if (typeof id !== "string" || typeof group !== "string" || typeof thing !== "string") return undefined;
  if (typeof name !== "string" || typeof time !== "number" || !isMoment(time)) return undefined;
  if (v === undefined) return undefined;
  if (typeof c !== "string" || !CLASSES.includes(c)) return undefined;
  if (typeof q !== "string" || !QUALITIES.includes(q)) return undefined;
  const message = { id, class: c as MessageClass, group, thing, name, time, value: v, quality: q as Quality };
  return context === undefined ? message : { ...message, context };
}

/** Size of a stored row, in bytes of JSON. */
export function rowBytes(row: Json): number {
  return Buffer.byteLength(JSON.stringify(row));
}
