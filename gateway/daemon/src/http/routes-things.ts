import type { Registry, SafeActuators } from "@tram/core";
import {
  type CommandId,
  CommandView,
  checkValue,
  isJsonObject,
  type Json,
  LogLineView,
  type PropertyKey,
  PropertyView,
  parsePropertyKey,
  parseThingId,
  show,
  type ThingId,
  ThingView,
} from "@tram/protocol";
import { Type } from "typebox";
import type { DeviceNotes } from "../mqtt/homie/device-notes.ts";
import type { EventStreams } from "../wot/event-streams.ts";
import { presentValues } from "../wot/feed-notices.ts";
import type { Reach } from "../wot/reach.ts";
import { streamReply } from "../wot/stream-reply.ts";
import { TD_CONTENT_TYPE, thingDescription } from "../wot/thing-description.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";
import {
  COMMAND_PROBLEMS,
  COMMAND_QUERY,
  type CommandParts,
  submitCommands,
  type Wanted,
} from "./submit-command.ts";
import { commandView, iso, propertyView, thingView } from "./views.ts";

export interface ThingRoutesParts extends CommandParts {
  readonly registry: Registry;
  readonly notes: DeviceNotes;
  readonly safety: SafeActuators;
  readonly streams: EventStreams;
  /** Where the caller reaches the gateway. */
  readonly reach: (request: RouteRequest) => Reach;
}

const THING = { id: "Id of the Thing." };
/** How many properties one request may write. */
const MOST_WRITES = 64;
const PROPERTY = { ...THING, node: "Id of the node.", name: "Id of the property in its node." };

/** Things: their descriptions, values and commands, in the style of the WoT HTTP Basic Profile. */
export function thingRoutes(parts: ThingRoutesParts): readonly Route[] {
  const { commands, notes, reach, registry, streams } = parts;

  const withThing = <Reply extends RouteReply | Promise<RouteReply>>(
    request: RouteRequest,
    answer: (id: ThingId) => Reply,
  ) => {
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
            : {
                status: 200,
                body: thingDescription(record.thing, reach(request)),
                headers: { "Content-Type": TD_CONTENT_TYPE },
              };
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
      query: { only: "`values` for the bare values, without those that were never reported." },
      streams: "Each property when it changes, beginning with how they are; `event` names it.",
      answer: {
        status: 200,
        description: "Values by `node/name`.",
        schema: Type.Record(Type.String(), PropertyView),
      },
      problems: { 404: "No such Thing.", 429: "Too many streams." },
      handle: (request) =>
        withThing(request, (id) => {
          if (request.wantsStream) {
            const watch = { subject: "property", thing: id } as const;
            return streamReply(streams, request, watch, { present: () => presentValues(registry, id) });
          }
          const readings = registry.readings(id);
          const values =
            request.query.only === "values"
              ? readings.filter(({ value }) => value !== null).map(({ property, value }) => [property, value])
              : readings.map((reading) => [reading.property, propertyView(reading, parts)]);
          return { status: 200, body: Object.fromEntries(values) };
        }),
    },
    {
      method: "put",
      path: "/api/v1/things/{id}/properties",
      operationId: "writeMultipleProperties",
      summary: "Write several properties of a Thing: none of them where one does not fit the description",
      tag: "Things",
      scope: "control",
      params: THING,
      body: Type.Record(Type.String(), Type.Unknown(), {
        description: "Values by `node/name`.",
        minProperties: 1,
        maxProperties: MOST_WRITES,
      }),
      answer: { status: 204, description: "Accepted." },
      problems: COMMAND_PROBLEMS,
      handle: (request) =>
        withThing(request, (id) => {
          const wanted: Wanted[] = [];
          for (const [name, value] of Object.entries(isJsonObject(request.body) ? request.body : {})) {
            const refused = refusal(registry, id, name, value);
            if (refused !== undefined) return refused;
            wanted.push({ thing: id, target: { property: name as PropertyKey }, value });
          }
          return submitCommands(parts, request, wanted, () => ({ status: 204 }));
        }),
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
      streams: "The bare value when it changes, beginning with how it is.",
      problems: { 404: "No such Thing or property, or no value yet.", 429: "Too many streams." },
      handle: (request) =>
        withThing(request, (id) => {
          const key = parsePropertyKey(`${request.params.node}/${request.params.name}`);
          if (key === undefined || registry.thing(id)?.properties[key] === undefined) {
            return problem(404, "unknown-property", `${id} has no such property.`);
          }
          if (request.wantsStream) {
            const { momentary, writeOnly } = registry.thing(id)?.properties[key] ?? {};
            if (writeOnly === true) return problem(409, "write-only", `${id}/${key} never reports.`);
            const watch = { subject: "property", thing: id, name: key } as const;
            const present = () => presentValues(registry, id, key);
            return streamReply(streams, request, watch, momentary === true ? {} : { present });
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
      body: Type.Unknown({
        description:
          'The value as bare JSON, or `{"value": …}`. With an `Idempotency-Key` header the same request once more is the same command.',
      }),
      answer: { status: 204, description: "Accepted; `Location` names the command." },
      problems: COMMAND_PROBLEMS,
      handle: (request) => {
        const id = parseThingId(request.params.id ?? "");
        const key = parsePropertyKey(`${request.params.node}/${request.params.name}`);
        if (id === undefined) return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
        if (key === undefined) return problem(404, "unknown-property", `${id} has no such property.`);
        const isObject = registry.thing(id)?.properties[key]?.type === "object";
        const wanted = { thing: id, target: { property: key }, value: unwrap(request.body, isObject) };
        return submitCommands(parts, request, [wanted], ([command]) => ({
          status: 204,
          ...(command === undefined ? {} : { headers: { Location: `/api/v1/commands/${command.id}` } }),
        }));
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

/** What is in the way of a write, before the first of several is accepted. */
function refusal(registry: Registry, id: ThingId, name: string, value: Json): RouteReply | undefined {
  const key = parsePropertyKey(name);
  const affordance = key === undefined ? undefined : registry.thing(id)?.properties[key];
  if (affordance === undefined)
    return problem(404, "unknown-property", `${id} has no property ${show(name)}.`);
  if (affordance.readOnly === true) return problem(409, "read-only", `${id}/${name} cannot be written.`);
  const checked = checkValue(affordance, value);
  return checked.ok ? undefined : problem(422, "invalid-value", `${name}: ${checked.problem}.`);
}

/** Takes `{"value": x}` for x, where the property's own values are not objects. */
function unwrap(body: Json, isObject: boolean): Json {
  if (isObject || !isJsonObject(body)) return body;
  const { value } = body;
  return value !== undefined && Object.keys(body).length === 1 ? value : body;
}
