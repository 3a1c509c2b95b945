import type { Registry, ThingRecord } from "@tram/core";
import { parseThingId, type ThingId } from "@tram/protocol";
import { Type } from "typebox";
import { problem, type Route, type RouteReply, type RouteRequest } from "../http/route.ts";
import { directoryDescription } from "./directory-description.ts";
import type { EventStreams } from "./event-streams.ts";
import { DIRECTORY_PATH, WELL_KNOWN_PATH } from "./paths.ts";
import type { Reach } from "./reach.ts";
import { onlyStreams, streamReply } from "./stream-reply.ts";
import { TD_CONTENT_TYPE, thingDescription, urnOf } from "./thing-description.ts";
import { writeArray } from "./write-array.ts";

const EVENT_TYPES: ReadonlySet<string> = new Set(["thing_created", "thing_updated", "thing_deleted"]);
const TD = Type.Object({}, { description: "A Thing Description (WoT TD 1.1)." });

/**
 * The directory of the Things (WoT Discovery §7.3): it describes itself to everybody, and lists the Things to those who may
 * read. Things announce themselves by their own ways, so nothing is registered here.
 */
export function directoryRoutes(parts: {
  readonly registry: Registry;
  readonly streams: EventStreams;
  readonly reach: (request: RouteRequest) => Reach;
}): readonly Route[] {
  const { reach, registry, streams } = parts;

  const hear = (request: RouteRequest, name?: string): RouteReply => {
    if (name !== undefined && !EVENT_TYPES.has(name)) {
      return problem(404, "unknown-event", `Expected one of ${[...EVENT_TYPES].join(", ")}.`);
    }
    if (request.query.diff !== undefined) {
      return problem(400, "no-diff", "diff: this directory tells ids only; read the description again.");
    }
    if (!request.wantsStream) return onlyStreams();
    return streamReply(streams, request, { subject: "directory", name });
  };

  return [
    {
      method: "get",
      path: WELL_KNOWN_PATH,
      operationId: "describeDirectory",
      summary:
        "The Thing Description of the directory: where to ask, and what to bring; nothing of the house",
      tag: "Directory",
      scope: "open",
      answer: { status: 200, description: "The Thing Description.", schema: TD },
      handle: (request) => ({
        status: 200,
        body: directoryDescription(reach(request)),
        headers: { "Content-Type": TD_CONTENT_TYPE },
      }),
    },
    {
      method: "get",
      path: `${DIRECTORY_PATH}/things`,
      operationId: "listThingDescriptions",
      summary: "The Thing Descriptions of all Things, in the order of their ids",
      tag: "Directory",
      scope: "read",
      query: {
        limit: "At most so many; `Link` with `rel=next` tells where it goes on.",
        offset: "So many are left out at the beginning.",
      },
      answer: { status: 200, description: "Thing Descriptions.", schema: Type.Array(TD) },
      problems: { 400: "A limit or an offset that is none." },
      handle: (request) => {
        const page = readPage(request.query);
        if (page === undefined) {
          return problem(400, "bad-page", "Expected a limit above 0 and an offset from 0, whole numbers.");
        }
        const records = sorted(registry);
        const shown = records.slice(page.offset, page.limit && page.offset + page.limit);
        const links = linksOf(page, records);
        const way = reach(request);
        const descriptions = (function* () {
          for (const { thing } of shown) yield thingDescription(thing, way);
        })();
        return {
          headers: { "Content-Type": "application/ld+json", ...(links === undefined ? {} : { Link: links }) },
          write: (response) => writeArray(response, descriptions),
        };
      },
    },
    {
      method: "get",
      path: `${DIRECTORY_PATH}/things/{id}`,
      operationId: "retrieveThingDescription",
      summary: "The Thing Description of one Thing, by the id in it",
      tag: "Directory",
      scope: "read",
      params: { id: "The `id` of the description, percent-encoded." },
      answer: { status: 200, description: "The Thing Description.", schema: TD },
      problems: { 404: "No such Thing." },
      handle: (request) => {
        const id = thingOf(request.params.id ?? "");
        const thing = id === undefined ? undefined : registry.thing(id);
        if (thing === undefined) return problem(404, "unknown-thing", "There is no Thing of this id.");
        return {
          status: 200,
          body: thingDescription(thing, reach(request)),
          headers: { "Content-Type": TD_CONTENT_TYPE },
        };
      },
    },
    {
      method: "get",
      path: `${DIRECTORY_PATH}/events`,
      operationId: "subscribeDirectory",
      summary: "Things that come, change and go, as it happens",
      tag: "Directory",
      scope: "read",
      streams: "`thing_created`, `thing_updated` and `thing_deleted`, each with the id of the description.",
      answer: { status: 200, description: "A stream; nothing else.", schema: Type.Object({}) },
      problems: { 406: "It was not asked for `text/event-stream`.", 429: "Too many streams." },
      handle: (request) => hear(request),
    },
    {
      method: "get",
      path: `${DIRECTORY_PATH}/events/{type}`,
      operationId: "subscribeDirectoryType",
      summary: "Things that come, or change, or go, as it happens",
      tag: "Directory",
      scope: "read",
      params: { type: "`thing_created`, `thing_updated` or `thing_deleted`." },
      streams: "The events of this type, each with the id of the description.",
      answer: { status: 200, description: "A stream; nothing else.", schema: Type.Object({}) },
      problems: {
        404: "No such type.",
        406: "It was not asked for `text/event-stream`.",
        429: "Too many streams.",
      },
      handle: (request) => hear(request, request.params.type ?? ""),
    },
  ];
}

interface Page {
  readonly limit: number | undefined;
  readonly offset: number;
}

function readPage({ limit, offset = "0" }: Readonly<Record<string, string>>): Page | undefined {
  if (!/^\d{1,9}$/.test(offset) || (limit !== undefined && !/^0*[1-9]\d{0,8}$/.test(limit))) return undefined;
  return { limit: limit === undefined ? undefined : Number(limit), offset: Number(offset) };
}

/** By the ids of the descriptions, in the order of their code points. */
function sorted(registry: Registry): readonly ThingRecord[] {
  return [...registry.records()].sort((a, b) => (a.thing.id < b.thing.id ? -1 : 1));
}

/** WoT Discovery §7.3.2.2: what follows, and a mark that changes with the order of the whole. */
function linksOf({ limit, offset }: Page, records: readonly ThingRecord[]): string | undefined {
  if (limit === undefined) return undefined;
  const path = `${DIRECTORY_PATH}/things`;
  const canonical = `<${path}>; rel="canonical"; etag="${etagOf(records)}"`;
  const next = offset + limit;
  return next < records.length
    ? `<${path}?offset=${next}&limit=${limit}>; rel="next", ${canonical}`
    : canonical;
}

/** FNV-1a over the ids: it changes when a page would. */
function etagOf(records: readonly ThingRecord[]): string {
  let hash = 0x811c9dc5;
  for (const { thing } of records) {
    for (const letter of `${thing.id}/`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

function thingOf(id: string): ThingId | undefined {
  const prefix = urnOf("");
  return parseThingId(id.startsWith(prefix) ? id.slice(prefix.length) : id);
}
