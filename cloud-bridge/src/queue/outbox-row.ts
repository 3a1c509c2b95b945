import { type CloudMessage, MESSAGE_CLASSES, type MessageClass } from "@tram/core";
import { type EpochMs, isJsonObject, type Json, type JsonObject, type Ms } from "@tram/protocol";
import { isMoment } from "../moment.ts";
import type { Taken } from "./message-time.ts";

type Quality = CloudMessage["quality"];
const QUALITIES: readonly string[] = ["good", "stale", "bad"] satisfies Quality[];
const CLASSES: readonly string[] = MESSAGE_CLASSES;
/** Sources tell a time that is older than the message; up to so much, it is taken for the time of queueing too. */
const SAME_TIME_MS: Ms = 60_000;

/** A message as it lies in the queue. */
export interface QueuedMessage {
  readonly message: CloudMessage;
  /** When it was queued; NaN where no clock could be believed then. */
  readonly queuedAt: EpochMs;
  readonly taken?: Taken;
}

/** Writes a message as it lies on disk. Keys are short and what is usual is left out: flash is counted in bytes. */
export function encodeRow({ message, queuedAt, taken }: QueuedMessage): JsonObject {
  const { thinned, context } = message;
  const known = !Number.isNaN(queuedAt);
  const apart = !known || Math.abs(queuedAt - message.time) > SAME_TIME_MS;
  // What was taken at no known time was nearly always queued at none: that is what is left out there.
  const told = taken === undefined ? apart : known;
  return {
    i: message.id,
    c: message.class,
    g: message.group,
    ...(message.thing === message.group ? {} : { d: message.thing }),
    n: message.name,
    t: message.time,
    ...(taken === undefined ? {} : { b: taken.bootId, m: taken.monotonic }),
    ...(told ? { r: known ? queuedAt : null } : {}),
    ...(thinned === undefined ? {} : { f: thinned.from }),
    v: message.value,
    ...(message.quality === "good" ? {} : { q: message.quality }),
    ...(context === undefined ? {} : { x: context }),
  };
}

/** Reads it back; `undefined` for what no version of this file has written. */
export function decodeRow(value: Json): QueuedMessage | undefined {
  if (!isJsonObject(value)) return undefined;
  const { i: id, c, g: group, n: name, t: time, v, q = "good", x: context } = value;
  const { d: thing = group, b: bootId, m: monotonic, f: from } = value;
  const { r = bootId === undefined ? time : null } = value;
  if (typeof id !== "string" || typeof group !== "string" || typeof thing !== "string") return undefined;
  if (typeof name !== "string" || typeof time !== "number" || !isMoment(time)) return undefined;
  if (v === undefined || (typeof r !== "number" && r !== null)) return undefined;
  if (typeof c !== "string" || !CLASSES.includes(c)) return undefined;
  if (typeof q !== "string" || !QUALITIES.includes(q)) return undefined;
  if (from !== undefined && (typeof from !== "number" || !isMoment(from))) return undefined;
  const message: CloudMessage = {
    id,
    class: c as MessageClass,
    group,
    thing,
    name,
    time,
    value: v,
    quality: q as Quality,
    ...(from === undefined ? {} : { thinned: { from } }),
    ...(context === undefined ? {} : { context }),
  };
  const queuedAt = r ?? Number.NaN;
  if (bootId === undefined) return { message, queuedAt };
  if (typeof bootId !== "string" || typeof monotonic !== "number") return undefined;
  return { message, queuedAt, taken: { bootId, monotonic } };
}

/** Size of a stored row, in bytes of JSON. */
export function rowBytes(row: Json): number {
  return Buffer.byteLength(JSON.stringify(row));
}

/** What the latest of is kept, where only the latest counts. */
export function stateKey({ thing, name }: Pick<CloudMessage, "thing" | "name">): string {
  return `${thing} ${name}`;
}
