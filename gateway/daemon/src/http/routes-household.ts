import {
  exportHousehold,
  type HouseholdRefusal,
  type HouseholdResult,
  importHousehold,
  type Registry,
  type SafeActuators,
  StoreError,
  type Transactions,
  type Unit,
} from "@tram/core";
import {
  Area,
  HouseholdFile,
  HouseholdReport,
  parsePropertyKey,
  parseThingId,
  type ThingId,
  ThingSettings,
} from "@tram/protocol";
import { Type } from "typebox";
import type { Audit } from "../audit/audit-log.ts";
import { notStored } from "./not-stored.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";

export interface HouseholdRoutesParts {
  readonly registry: Registry;
  readonly safety: SafeActuators;
  readonly transactions: Transactions;
  readonly audit: Audit;
}

const THING = { id: "Id of the Thing." };
const OTHER = Type.Object({ thing: Type.String({ description: "Id of the other Thing." }) });
const PROBLEMS = {
  404: "No such Thing, area or link.",
  409: "The house is full, or it is the same Thing.",
  422: "It does not fit; the path tells where.",
  503: "The store does not keep anything now.",
};
const STATUS: Readonly<Record<HouseholdRefusal["code"], number>> = {
  "unknown-thing": 404,
  "unknown-area": 404,
  invalid: 422,
  "same-thing": 409,
  "too-many": 409,
};
/** A full house: 2,000 Things of some 2 kB. In bytes. */
const FILE_LIMIT = 4_194_304;
const DONE = { status: 204, description: "Done, and kept." } as const;

/** What the owner decides about the Things: names, areas, safe states, which device is which Thing. */
export function householdRoutes(parts: HouseholdRoutesParts): readonly Route[] {
  const { registry, safety } = parts;
  const { household } = registry;

  /** Does something about a Thing, keeps it, and writes down who wanted it. */
  const change = async (
    request: RouteRequest,
    what: string,
    work: (id: ThingId, unit: Unit) => HouseholdResult,
  ): Promise<RouteReply> => {
    const id = parseThingId(request.params.id ?? "");
    if (id === undefined) return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
    return keep(parts, request, { subject: id, detail: what }, (unit) => work(id, unit));
  };
  const otherOf = ({ body }: RouteRequest): ThingId => (body as { thing: string }).thing as ThingId;

  return [
    {
      method: "get",
      path: "/api/v1/areas",
      operationId: "listAreas",
      summary: "The areas of the house",
      tag: "Household",
      scope: "read",
      answer: { status: 200, description: "The areas.", schema: Type.Object({ areas: Type.Array(Area) }) },
      handle: () => ({ status: 200, body: { areas: household.areas() } }),
    },
    {
      method: "put",
      path: "/api/v1/areas/{area}",
      operationId: "putArea",
      summary: "Add an area, or rename it",
      tag: "Household",
      scope: "admin",
      params: { area: "Id of the area." },
      body: Type.Object({ title: Area.properties.title }, { additionalProperties: false }),
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) => {
        const { area: id = "" } = request.params;
        const area = { id, ...(request.body as { title: string }) };
        return keep(parts, request, { subject: id, detail: "area" }, (unit) => household.putArea(area, unit));
      },
    },
    {
      method: "delete",
      path: "/api/v1/areas/{area}",
      operationId: "deleteArea",
      summary: "Take an area away; its Things are in none then",
      tag: "Household",
      scope: "admin",
      params: { area: "Id of the area." },
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) => {
        const { area: id = "" } = request.params;
        const about = { subject: id, detail: "area deleted" };
        return keep(parts, request, about, (unit) => household.deleteArea(id, unit));
      },
    },
    {
      method: "get",
      path: "/api/v1/things/{id}/settings",
      operationId: "getThingSettings",
      summary: "What the owner says of a Thing",
      tag: "Household",
      scope: "read",
      params: THING,
      answer: { status: 200, description: "The settings; empty without any.", schema: ThingSettings },
      problems: { 404: "No such Thing." },
      handle: ({ params }) => {
        const record = registry.get((params.id ?? "") as ThingId);
        return record === undefined
          ? problem(404, "unknown-thing", `There is no Thing ${params.id}.`)
          : { status: 200, body: record.settings ?? {} };
      },
    },
    {
      method: "put",
      path: "/api/v1/things/{id}/settings",
      operationId: "putThingSettings",
      summary: "Name, area, tags, notes and safe states of a Thing, in the place of those before",
      tag: "Household",
      scope: "admin",
      params: THING,
      body: ThingSettings,
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) =>
        change(request, "settings", (id, unit) => household.changeSettings(id, request.body, unit)),
    },
    {
      method: "post",
      path: "/api/v1/things/{id}/replacement",
      operationId: "replaceThing",
      summary:
        "Put the device of another Thing in the place of a broken one; id, name, history and rules stay",
      tag: "Household",
      scope: "admin",
      params: THING,
      body: OTHER,
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) =>
        change(request, `replaced by ${otherOf(request)}`, (id, unit) =>
          household.replace(id, otherOf(request), unit),
        ),
    },
    {
      method: "post",
      path: "/api/v1/things/{id}/links",
      operationId: "joinThing",
      summary: "Make one Thing of two: the same device, reached in another way",
      tag: "Household",
      scope: "admin",
      params: THING,
      body: OTHER,
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) =>
        change(request, `joined with ${otherOf(request)}`, (id, unit) =>
          household.join(id, otherOf(request), unit),
        ),
    },
    {
      method: "delete",
      path: "/api/v1/things/{id}/links/{link}",
      operationId: "partThing",
      summary: "Make a link a Thing of its own again",
      tag: "Household",
      scope: "admin",
      params: { ...THING, link: "What the source of the link calls the device." },
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) =>
        change(request, `parted from ${request.params.link}`, (id, unit) =>
          household.part(id, (request.params.link ?? "") as ThingId, unit),
        ),
    },
    {
      method: "delete",
      path: "/api/v1/things/{id}",
      operationId: "forgetThing",
      summary: "Forget a Thing and what was said of it; a device that describes itself again comes back",
      tag: "Household",
      scope: "admin",
      params: THING,
      answer: DONE,
      problems: PROBLEMS,
      handle: (request) => change(request, "forgotten", (id, unit) => household.forget(id, unit)),
    },
    {
      method: "delete",
      path: "/api/v1/things/{id}/properties/{node}/{name}/hold",
      operationId: "releaseProperty",
      summary: "Let machines have their way again with what a person has set, or what rests",
      tag: "Household",
      scope: "control",
      params: { ...THING, node: "Id of the node.", name: "Id of the property in its node." },
      answer: DONE,
      problems: { 404: "Nothing is held there.", 503: "The store does not keep anything now." },
      handle: (request) => {
        const { id = "", name, node } = request.params;
        const property = parsePropertyKey(`${node}/${name}`);
        return keep(parts, request, { subject: id, detail: `${node}/${name} released` }, (unit) =>
          property !== undefined && safety.release(id as ThingId, property, unit)
            ? { ok: true }
            : {
                ok: false,
                code: "unknown-thing",
                path: "",
                problem: `nothing is held at ${id}/${node}/${name}`,
              },
        );
      },
    },
    {
      method: "get",
      path: "/api/v1/household",
      operationId: "exportHousehold",
      summary: "Areas, settings and Things as a file",
      tag: "Household",
      scope: "admin",
      answer: { status: 200, description: "The file.", schema: HouseholdFile },
      handle: () => ({ status: 200, body: exportHousehold(registry) }),
    },
    {
      method: "put",
      path: "/api/v1/household",
      operationId: "importHousehold",
      summary: "Take over a file of areas, settings and Things; what is there and in the way stays",
      tag: "Household",
      scope: "admin",
      body: HouseholdFile,
      bodyLimit: FILE_LIMIT,
      answer: { status: 200, description: "What was taken over.", schema: HouseholdReport },
      problems: PROBLEMS,
      handle: async (request) => {
        let report: HouseholdReport | undefined;
        const about = { subject: "household", detail: "imported" };
        const reply = await keep(parts, request, about, (unit) => {
          const result = importHousehold(registry, request.body, unit);
          if (!result.ok) return { ...result, code: "invalid" };
          report = result.report;
          return { ok: true };
        });
        return "problem" in reply || report === undefined ? reply : { status: 200, body: report };
      },
    },
  ];
}

async function keep(
  { audit, transactions }: HouseholdRoutesParts,
  request: RouteRequest,
  about: { readonly subject: string; readonly detail: string },
  work: (unit: Unit) => HouseholdResult,
): Promise<RouteReply> {
  let result: HouseholdResult | undefined;
  try {
    await transactions.transact((unit) => {
      result = work(unit);
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { problem: notStored(error, "It holds until the gateway stops, but it is not kept") };
  }
  if (result?.ok === true) {
    audit({
      action: "household-changed",
      ...about,
      by: request.principal?.name ?? "",
      address: request.address,
    });
    return { status: 204 };
  }
  const { code = "invalid", path = "", problem: text = "it was not done" } = result ?? {};
  return problem(STATUS[code], code, `${path === "" ? "" : `${path}: `}${text}.`);
}
