import { type Commands, type Registry, type SafeActuators, StoreError, type Transactions } from "@tram/core";
import {
  COMMAND_LIMITS,
  type Command,
  type CommandFailureCode,
  type CommandId,
  type CommandRequest,
  CommandView,
  isJsonObject,
  type Json,
  LogLineView,
  PropertyView,
  parsePropertyKey,
  parseThingId,
  type ThingId,
  ThingView,
} from "@tram/protocol";
import { Type } from "typebox";
import type { DeviceNotes } from "../mqtt/homie/device-notes.ts";
import { type CommandWatch, MAX_WAIT_MS } from "./command-watch.ts";
import { notStored } from "./not-stored.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";
import { thingDescription } from "./thing-description.ts";
import { commandView, iso, propertyView, thingView } from "./views.ts";

export interface ThingRoutesParts {
  readonly registry: Registry;
  readonly notes: DeviceNotes;
  readonly commands: Commands;
  readonly transactions: Transactions;
  readonly watch: CommandWatch;
  readonly safety: SafeActuators;
}

/** A week: longer nobody remembers what was wanted. In seconds. */
const MAX_TTL_S = 7 * 86_400;
const KEY = new RegExp(`^[\\x21-\\x7e]{1,${COMMAND_LIMITS.key}}$`);
const THING = { id: "Id of the Thing." };
const PROPERTY = { ...THING, node: "Id of the node.", name: "Id of the property in its node." };
const WAIT = {
  wait: `Seconds to wait for the end of the command, at most ${MAX_WAIT_MS / 1_000}; then the answer is 200 with the command.`,
};
const COMMAND_QUERY = {
  ...WAIT,
  ttl: `Seconds that the command may wait for a device that is away or asleep, at most ${MAX_TTL_S}.`,
  why: `Why it is wanted, for people; at most ${COMMAND_LIMITS.why} characters.`,
};
const COMMAND_PROBLEMS = {
  404: "No such Thing, property or action.",
  409: "The property cannot be written, commands led to each other, or it is held or rests for its safety.",
  422: "The value does not fit the description, or the key was used for another command.",
  429: "Too many commands are under way.",
  503: "The store does not keep anything now.",
};

const STATUS: Readonly<Partial<Record<CommandFailureCode, number>>> = {
  "unknown-thing": 404,
  "unknown-property": 404,
  "unknown-action": 404,
  "read-only": 409,
  loop: 409,
  held: 409,
  resting: 409,
  "invalid-value": 422,
  "too-many": 429,
};

/** Things: their descriptions, values and commands, in the style of the WoT HTTP Basic Profile. */
export function thingRoutes(parts: ThingRoutesParts): readonly Route[] {
  const { registry, commands, notes } = parts;

  const withThing = (request: RouteRequest, answer: (id: ThingId) => RouteReply): RouteReply => {
    const id = parseThingId(request.params.id ?? "");
    if (id === undefined || registry.get(id) === undefined) {
      return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
    }
    return answer(id);
  };

  return [
    {
      method: "get",
      path: "/api/v1/things",
      operationId: "listThings",
      summary: "All Things with their last known values",
      tag: "Things",
      scope: "read",
      answer: {
        status: 200,
        description: "The Things.",
        schema: Type.Object({ things: Type.Array(ThingView) }),
      },
      handle: () => ({
        status: 200,
        body: { things: [...registry.records()].map((record) => thingView(record, parts)) },
      }),
    },
    {
      method: "get",
      path: "/api/v1/things/{id}",
      operationId: "getThing",
      summary: "The Thing Description (W3C WoT TD 1.1) of a Thing",
      tag: "Things",
      scope: "read",
      params: THING,
      answer: { status: 200, description: "The Thing Description.", schema: Type.Object({}) },
      problems: { 404: "No such Thing." },
      handle: (request) =>
        withThing(request, (id) => {
          const record = registry.get(id);
          return record === undefined
            ? problem(404, "unknown-thing", `There is no Thing ${id}.`)
            : { status: 200, body: thingDescription(record.thing) };
        }),
    },
    {
      method: "get",
      path: "/api/v1/things/{id}/properties",
      operationId: "readAllProperties",
      summary: "Last known values of a Thing, with quality and times",
      tag: "Things",
      scope: "read",
      params: THING,
      answer: {
        status: 200,
        description: "Values by `node/name`.",
        schema: Type.Record(Type.String(), PropertyView),
      },
      problems: { 404: "No such Thing." },
      handle: (request) =>
        withThing(request, (id) => ({
          status: 200,
          body: Object.fromEntries(
            registry.readings(id).map((reading) => [reading.property, propertyView(reading, parts)]),
          ),
        })),
    },
    {
      method: "get",
      path: "/api/v1/things/{id}/log",
      operationId: "getThingLog",
      summary: "The latest lines that a device logged over MQTT, since the gateway started",
      tag: "Things",
      scope: "read",
      params: THING,
      answer: {
        status: 200,
        description: "The lines, the oldest first.",
        schema: Type.Object({ lines: Type.Array(LogLineView) }),
      },
      problems: { 404: "No such Thing." },
      handle: (request) =>
        withThing(request, (id) => ({
          status: 200,
          body: { lines: notes.lines(id).map((line) => ({ ...line, time: iso(line.time) })) },
        })),
    },
    {
      method: "get",
      path: "/api/v1/things/{id}/properties/{node}/{name}",
      operationId: "readProperty",
      summary: "The last known value of a property, as bare JSON",
      tag: "Things",
      scope: "read",
      params: PROPERTY,
      answer: {
        status: 200,
        description: "The value. `X-Quality` tells good, stale or bad; `Last-Modified` when it was observed.",
        schema: Type.Unknown(),
      },
      problems: { 404: "No such Thing or property, or no value yet." },
      handle: (request) =>
        withThing(request, (id) => {
          const key = parsePropertyKey(`${request.params.node}/${request.params.name}`);
          if (key === undefined || registry.thing(id)?.properties[key] === undefined) {
            return problem(404, "unknown-property", `${id} has no such property.`);
          }
          const reading = registry.read(id, key);
          if (reading === undefined)
            return problem(404, "no-value", `${id}/${key} has not been reported yet.`);
          return {
            status: 200,
            body: reading.value,
            headers: {
              "X-Quality": reading.quality,
              "Last-Modified": new Date(reading.time).toUTCString(),
            },
          };
        }),
    },
    {
      method: "put",
      path: "/api/v1/things/{id}/properties/{node}/{name}",
      operationId: "writeProperty",
      summary: "Write a property: accepted, then sent, then confirmed by what the device reports",
      tag: "Things",
      scope: "control",
      params: PROPERTY,
      query: COMMAND_QUERY,
      body: Type.Unknown({ description: 'The value as bare JSON, or `{"value": …}`.' }),
      answer: { status: 204, description: "Accepted; `Location` names the command." },
      problems: COMMAND_PROBLEMS,
      handle: (request) => {
        const id = parseThingId(request.params.id ?? "");
        const key = parsePropertyKey(`${request.params.node}/${request.params.name}`);
        if (id === undefined) return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
        if (key === undefined) return problem(404, "unknown-property", `${id} has no such property.`);
        const isObject = registry.thing(id)?.properties[key]?.type === "object";
        return submit(parts, request, id, { property: key }, unwrap(request.body, isObject));
      },
    },
    {
      method: "post",
      path: "/api/v1/things/{id}/actions/{name}",
      operationId: "invokeAction",
      summary: "Invoke an action",
      tag: "Things",
      scope: "control",
      params: { ...THING, name: "Name of the action." },
      query: COMMAND_QUERY,
      body: Type.Unknown({ description: "The action's input; null without one." }),
      answer: { status: 204, description: "Accepted; `Location` names the command." },
      problems: COMMAND_PROBLEMS,
      handle: (request) => {
        const id = parseThingId(request.params.id ?? "");
        if (id === undefined) return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
        return submit(parts, request, id, { action: request.params.name ?? "" }, request.body);
      },
    },
    {
      method: "get",
      path: "/api/v1/commands/{id}",
      operationId: "getCommand",
      summary: "What became of a command",
      tag: "Things",
      scope: "read",
      params: { id: "Id of the command." },
      answer: { status: 200, description: "The command.", schema: CommandView },
      problems: { 404: "No such command, or too long ago." },
      handle: (request) => {
        const command = commands.get((request.params.id ?? "") as CommandId);
        return command === undefined
          ? problem(404, "unknown-command", "There is no such command, or it ended too long ago.")
          : { status: 200, body: commandView(command) };
      },
    },
  ];
}

async function submit(
  parts: ThingRoutesParts,
  request: RouteRequest,
  thing: ThingId,
  target: CommandRequest["target"],
  value: Json,
): Promise<RouteReply> {
  const waitMs = readWait(request.query.wait);
  if (waitMs === undefined) {
    return problem(400, "bad-wait", `wait: expected 0 to ${MAX_WAIT_MS / 1_000} seconds.`);
  }
  const terms = readTerms(request);
  if (typeof terms === "string") return problem(400, "bad-terms", terms);
  let command: Command | undefined;
  try {
    await parts.transactions.transact((unit) => {
      command = parts.commands.submit(
        { thing, target, value, origin: `api:${request.principal?.name ?? ""}`, ...terms },
        unit,
      );
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { problem: notStored(error, "The command is carried out, but not kept") };
  }
  if (command === undefined) return problem(500, "internal", "The command was not made.");
  if (command.state === "refused") {
    const status = STATUS[command.code ?? "invalid-value"] ?? 422;
    return problem(status, command.code ?? "refused", `${command.reason ?? "refused"}.`);
  }
  const headers = { Location: `/api/v1/commands/${command.id}` };
  if (waitMs === 0) return { status: 204, headers };
  const ended = await parts.watch.ended(command.id, waitMs);
  return { status: 200, body: commandView(ended ?? parts.commands.get(command.id) ?? command), headers };
}

function readWait(text: string | undefined): number | undefined {
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (!/^\d{1,4}(?:\.\d{1,3})?$/.test(text) || seconds * 1_000 > MAX_WAIT_MS) return undefined;
  return seconds * 1_000;
}

/** What the request says about the command beside its value. @returns a sentence where it cannot be. */
function readTerms(request: RouteRequest): Pick<CommandRequest, "key" | "ttlMs" | "why"> | string {
  const { ttl, why } = request.query;
  const key = request.header("idempotency-key");
  if (ttl !== undefined && (!/^\d{1,6}$/.test(ttl) || Number(ttl) > MAX_TTL_S)) {
    return `ttl: expected 0 to ${MAX_TTL_S} seconds, found ${ttl.slice(0, 40)}.`;
  }
  if (why !== undefined && why.length > COMMAND_LIMITS.why) {
    return `why: expected at most ${COMMAND_LIMITS.why} characters, found ${why.length}.`;
  }
  if (key !== undefined && !KEY.test(key)) {
    return `Idempotency-Key: expected 1 to ${COMMAND_LIMITS.key} visible characters.`;
  }
  return {
    ...(ttl === undefined ? {} : { ttlMs: Number(ttl) * 1_000 }),
    ...(why === undefined ? {} : { why }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Takes `{"value": x}` for x, where the property's own values are not objects. */
function unwrap(body: Json, isObject: boolean): Json {
  if (isObject || !isJsonObject(body)) return body;
  const { value } = body;
  return value !== undefined && Object.keys(body).length === 1 ? value : body;
}
