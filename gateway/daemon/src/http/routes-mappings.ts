import { type Json, MappingProposals, MappingView, TopicMapping } from "@tram/protocol";
import { Type } from "typebox";
import type { Audit, AuditAction } from "../audit/audit-log.ts";
import type { MappingRoom } from "../topic-mapping/mapping-room.ts";
import type { EditOptions, MappingRefusal } from "../topic-mapping/topic-mappings.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";

const ID = { id: "Id of the mapping." };
const WRITING = {
  409: "It stands in the configuration, its id is another Thing's, or somebody changed it meanwhile (`If-Match`).",
};

/** Plain topics that are mapped to Things, and those that could be. */
export function mappingRoutes(
  room: Pick<MappingRoom, "mappings" | "proposals">,
  audit: Audit,
): readonly Route[] {
  const note = (action: AuditAction, { address, params, principal }: RouteRequest): void =>
    audit({ action, subject: params.id ?? "", by: principal?.name ?? "nobody", address });
  return [
    {
      method: "get",
      path: "/api/v1/mappings",
      operationId: "listMappings",
      summary: "Plain topics that are mapped to Things, with what is wrong",
      tag: "Mappings",
      scope: "admin",
      answer: {
        status: 200,
        description: "The mappings.",
        schema: Type.Object({ mappings: Type.Array(MappingView) }),
      },
      handle: () => ({ status: 200, body: { mappings: room.mappings.list() } }),
    },
    {
      method: "get",
      path: "/api/v1/mappings/proposals",
      operationId: "proposeMappings",
      summary: "Topics that no Thing has, and mappings that could be made of them",
      tag: "Mappings",
      scope: "admin",
      answer: { status: 200, description: "What was heard since the start.", schema: MappingProposals },
      handle: () => ({ status: 200, body: room.proposals() }),
    },
    {
      method: "get",
      path: "/api/v1/mappings/{id}",
      operationId: "getMapping",
      summary: "One mapping",
      tag: "Mappings",
      scope: "admin",
      params: ID,
      answer: { status: 200, description: "The mapping.", schema: MappingView },
      problems: { 404: "No such mapping." },
      handle: ({ params: { id = "" } }) => {
        const view = room.mappings.get(id);
        return view === undefined
          ? problem(404, "unknown-mapping", `There is no mapping ${id}.`)
          : { status: 200, body: view, headers: tagOf(view) };
      },
    },
    {
      method: "put",
      path: "/api/v1/mappings/{id}",
      operationId: "putMapping",
      summary: "Map plain topics to a Thing, or change that; it counts at once",
      tag: "Mappings",
      scope: "admin",
      params: ID,
      body: TopicMapping,
      answer: { status: 200, description: "The mapping as it is kept.", schema: MappingView },
      problems: { ...WRITING, 422: "It is not sound: `errors` name the places. Nothing was changed." },
      handle: async (request) => {
        const { id = "" } = request.params;
        const result = await room.mappings.put(id, request.body as Json, optionsOf(request));
        if (!result.ok) return refused(result.refusal);
        note("mapping-changed", request);
        return { status: 200, body: result.value, headers: tagOf(result.value) };
      },
    },
    {
      method: "delete",
      path: "/api/v1/mappings/{id}",
      operationId: "removeMapping",
      summary: "Remove a mapping, and its Things with it",
      tag: "Mappings",
      scope: "admin",
      params: ID,
      answer: { status: 204, description: "Removed." },
      problems: { 404: "No such mapping.", ...WRITING },
      handle: async (request) => {
        const result = await room.mappings.remove(request.params.id ?? "", optionsOf(request));
        if (!result.ok) return refused(result.refusal);
        note("mapping-removed", request);
        return { status: 204 };
      },
    },
  ];
}

function optionsOf(request: RouteRequest): EditOptions {
  // RFC 9110 §13.1.1: entity tags are in quotes; `*` is whatever is there.
  const asked = request.header("if-match")?.trim();
  const revision = asked === undefined || asked === "*" ? undefined : asked.replace(/^"|"$/g, "");
  return { by: request.principal?.name ?? "nobody", revision };
}

function tagOf({ revision }: MappingView): Readonly<Record<string, string>> {
  return { ETag: `"${revision}"` };
}

const STATUS: Readonly<Record<MappingRefusal["code"], number>> = {
  "unknown-mapping": 404,
  configured: 409,
  changed: 409,
  taken: 409,
  "too-many": 409,
  "invalid-mapping": 422,
};

function refused({ code, detail, errors }: MappingRefusal): RouteReply {
  return {
    problem: { status: STATUS[code], code, detail, ...(errors === undefined ? {} : { errors: [...errors] }) },
  };
}
