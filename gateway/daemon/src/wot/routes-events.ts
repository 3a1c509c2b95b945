import type { Registry } from "@tram/core";
import { eventOf, parseThingId } from "@tram/protocol";
import { Type } from "typebox";
import { problem, type Route, type RouteReply, type RouteRequest } from "../http/route.ts";
import type { EventStreams } from "./event-streams.ts";
import { onlyStreams, streamReply } from "./stream-reply.ts";

const NOTHING_ELSE = {
  status: 200,
  description: "A stream; nothing else.",
  schema: Type.Object({}),
} as const;
const PROBLEMS = {
  404: "No such Thing or event.",
  406: "It was not asked for `text/event-stream`.",
  429: "Too many streams.",
};

/** Events of Things, told as they happen. A client that comes back with `Last-Event-ID` hears what it missed. */
export function eventRoutes(parts: {
  readonly registry: Registry;
  readonly streams: EventStreams;
}): readonly Route[] {
  const { registry, streams } = parts;

  const hear = (request: RouteRequest, name?: string): RouteReply => {
    const id = parseThingId(request.params.id ?? "");
    const thing = id === undefined ? undefined : registry.thing(id);
    if (id === undefined || thing === undefined) {
      return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
    }
    if (name !== undefined && eventOf(thing, name) === undefined) {
      return problem(404, "unknown-event", `${id} has no such event.`);
    }
    if (!request.wantsStream) return onlyStreams();
    return streamReply(streams, request, { subject: "event", thing: id, name });
  };

  return [
    {
      method: "get",
      path: "/api/v1/things/{id}/events",
      operationId: "subscribeAllEvents",
      summary: "All events of a Thing, as they happen",
      tag: "Things",
      scope: "read",
      params: { id: "Id of the Thing." },
      streams: "The data of each event as JSON; `event` names it.",
      answer: NOTHING_ELSE,
      problems: PROBLEMS,
      handle: (request) => hear(request),
    },
    {
      method: "get",
      path: "/api/v1/things/{id}/events/{name}",
      operationId: "subscribeEvent",
      summary: "One event of a Thing, each time it happens",
      tag: "Things",
      scope: "read",
      params: { id: "Id of the Thing.", name: "Name of the event." },
      streams: "The data of the event as JSON; `null` where it has none.",
      answer: NOTHING_ELSE,
      problems: PROBLEMS,
      handle: (request) => hear(request, request.params.name ?? ""),
    },
  ];
}
