import { createHash } from "node:crypto";
import type { CloudRequest, TurnedAway } from "@tram/core";
import {
  isJson,
  isJsonObject,
  type Json,
  type JsonObject,
  type PropertyKey,
  VALUE_LEVELS,
} from "@tram/protocol";
import { lifeOf, managementOf, Unfit } from "../mqtt-json.ts";
import type { Device } from "./device-names.ts";

/** A command that came, with the Thing that its device is. */
export interface GivenCommand {
  readonly topic: string;
  readonly payload: Buffer;
  readonly device: Device;
  readonly thing: string;
  readonly isGateway: boolean;
  readonly command: string;
  readonly format: string;
  /** It may have been here before (MQTT 3.1.1 §3.3.1.1). */
  readonly dup: boolean;
  /** What a request is called that has no id. */
  readonly newId: string;
}

/** What is to be done with it, and how the cloud calls it. */
export type ReadCommand = { readonly request: string } & (
  | { readonly asks: CloudRequest }
  | { readonly turnedAway: TurnedAway }
);

const ID = /^[\x21-\x7e]{1,100}$/;
/** A rule file may be as long as a message; a command is shorter. */
const MAX_COMMAND_BYTES = 16_384;
/** By the command, which is any text of the cloud. */
const MEMBERS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["set", new Set(["property", "value", "id", "time", "ttl_s"])],
  ["invoke", new Set(["action", "value", "id", "time", "ttl_s"])],
]);

/**
 * Reads `…/cmd/set/fmt/json` with `{ property, value, id?, time?, ttl_s? }`, `…/cmd/invoke/fmt/json` with
 * `{ action, value?, … }`, and, at the gateway, `…/cmd/manage/fmt/json`. IBM's envelope `{ d: … }` may be around them.
 */
export function readCommand(given: GivenCommand): ReadCommand {
  let request = given.newId;
  try {
    const said = bodyOf(given);
    if (said.id !== undefined) request = idOf(said.id);
    return { request, asks: requestOf(given, said, request) };
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return { request, turnedAway: { where: given.topic, code: error.code, reason: error.message } };
  }
}

function bodyOf({ command, format, isGateway, payload }: GivenCommand): JsonObject {
  const managing = command === "manage" && isGateway;
  const members = MEMBERS.get(command);
  if (!managing && members === undefined) {
    throw new Unfit("malformed", `expected the command set or invoke${isGateway ? ", or manage" : ""}`);
  }
  if (format !== "json") throw new Unfit("malformed", "expected the format json");
  if (!managing && payload.length > MAX_COMMAND_BYTES) {
    throw new Unfit("too-large", `expected at most ${MAX_COMMAND_BYTES} bytes`);
  }
  const parsed = parseObject(payload);
  const said = parsed !== undefined && isJsonObject(parsed.d) && isEnvelope(parsed) ? parsed.d : parsed;
  if (said === undefined) throw new Unfit("malformed", "expected an object of JSON");
  if (!isJson(said, 1 + VALUE_LEVELS)) {
    throw new Unfit("malformed", `value: expected JSON of at most ${VALUE_LEVELS} levels`);
  }
  const foreign = members === undefined ? undefined : Object.keys(said).find((key) => !members.has(key));
  if (foreign !== undefined) {
    throw new Unfit("malformed", `expected ${[...(members ?? [])].join(", ")} and nothing else`);
  }
  return said;
}

function isEnvelope(parsed: JsonObject): boolean {
  return Object.keys(parsed).every((key) => key === "d" || key === "ts");
}

function idOf(id: Json): string {
  if (typeof id === "string" && ID.test(id)) return id;
  throw new Unfit("malformed", "id: expected 1 to 100 visible characters of ASCII");
}

function requestOf(given: GivenCommand, said: JsonObject, request: string): CloudRequest {
  const { command, device, dup, thing } = given;
  if (command === "manage") return managementOf(said);
  const { property, action, value = null, time, ttl_s: ttlS } = said;
  const life = lifeOf({ value, time, ttl_s: ttlS }, undefined);
  // Twice the same value does no harm; twice the same action may.
  if (command === "invoke" && said.id === undefined && time === undefined && dup) {
    throw new Unfit(
      "malformed",
      "it was sent again, and without an id nobody knows whether it was carried out",
    );
  }
  const target =
    command === "set" ? { property: nameOf(property, "property") } : { action: nameOf(action, "action") };
  if (command === "set" && said.value === undefined) throw new Unfit("malformed", "value: is missing");
  return {
    kind: "command",
    id: stableId(device, said, request),
    thing,
    target: target as { property: PropertyKey } | { action: string },
    value,
    ...life,
    context: { via: "command", request },
  };
}

function nameOf(name: Json | undefined, what: string): string {
  if (typeof name === "string" && name !== "" && name.length <= 200) return name;
  throw new Unfit("malformed", `${what}: expected its name, of at most 200 characters`);
}

/**
 * The same command has the same id however often it comes: by the id that it was given, or by its whole text where that
 * says when it was given. An id is the cloud's for one device alone: an application may give one to many.
 */
function stableId(device: Device, said: JsonObject, request: string): string {
  if (said.id === undefined && said.time === undefined) return `cmd:${request}`;
  const named = said.id === undefined ? JSON.stringify(said) : request;
  const text = JSON.stringify([device.type, device.id, said.id === undefined ? "text" : "id", named]);
  return `cmd:${createHash("sha256").update(text).digest("base64url")}`;
}

/** @returns `undefined` for what is no JSON object. */
export function parseObject(payload: Uint8Array): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
