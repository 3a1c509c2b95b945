import {
  CloudAdded,
  CloudCertificate,
  CloudCheckView,
  CloudPassword,
  CloudView,
  NEW_CLOUD_FORMS,
  NewCloud,
} from "@tram/protocol";
import { Type } from "typebox";
import type { AddedClouds, Asker } from "../cloud/added-clouds.ts";
import type { CloudRefusal, CloudResult } from "../cloud/cloud-result.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";

const ID = { id: "Id of the cloud." };
const BUSY = "Something else is being done with it now";

/** Setting clouds up: adding them, looking why one does not work, renewing their certificates. */
export function cloudRoutes(clouds: AddedClouds): readonly Route[] {
  const about = { tag: "Cloud", scope: "admin" } as const;
  return [
    {
      ...about,
      method: "get",
      path: "/api/v1/clouds",
      operationId: "listClouds",
      summary: "All clouds: those of the configuration file, and those that were added",
      answer: {
        status: 200,
        description: "The clouds.",
        schema: Type.Object({ clouds: Type.Array(CloudView) }),
      },
      handle: () => ({ status: 200, body: { clouds: clouds.list() } }),
    },
    {
      ...about,
      method: "post",
      path: "/api/v1/clouds",
      operationId: "addCloud",
      summary: "Add a cloud; it is kept once it has taken a message, and works at once",
      body: NewCloud,
      forms: { by: "provider", of: NEW_CLOUD_FORMS },
      answer: { status: 201, description: "The cloud, and how it was checked.", schema: CloudAdded },
      problems: {
        409: `There is one of this id. ${BUSY}.`,
        422: "It does not fit, or the check has failed: the detail tells the step, what was found and what to do, `check` all the steps.",
      },
      handle: async (request) =>
        replyTo(await clouds.add(request.body as unknown as NewCloud, askerOf(request)), (body) => ({
          status: 201,
          body,
        })),
    },
    {
      ...about,
      method: "delete",
      path: "/api/v1/clouds/{id}",
      operationId: "removeCloud",
      summary: "Remove a cloud that was added, with its key and with what waits for it",
      params: ID,
      answer: {
        status: 200,
        description: "How many messages had waited.",
        schema: Type.Object({ waited: Type.Integer() }),
      },
      problems: { 404: "No such cloud.", 409: `It stands in the configuration file. ${BUSY}.` },
      handle: async (request) =>
        replyTo(await clouds.remove(idOf(request), askerOf(request)), (waited) => ({
          status: 200,
          body: { waited },
        })),
    },
    {
      ...about,
      method: "post",
      path: "/api/v1/clouds/{id}/check",
      operationId: "checkCloud",
      summary: "Look step by step why a cloud does not work; may publish a message",
      params: ID,
      answer: { status: 200, description: "The steps.", schema: CloudCheckView },
      problems: { 404: "No such cloud.", 409: `${BUSY}.` },
      handle: async (request) =>
        replyTo(await clouds.check(idOf(request)), (body) => ({ status: 200, body })),
    },
    {
      ...about,
      method: "get",
      path: "/api/v1/clouds/{id}/check",
      operationId: "getCloudCheck",
      summary: "How far a check has come that runs now, of a cloud that is being added too",
      params: ID,
      answer: { status: 200, description: "The steps so far.", schema: CloudCheckView },
      problems: { 404: "None runs." },
      handle: (request) => replyTo(clouds.progress(idOf(request)), (body) => ({ status: 200, body })),
    },
    {
      ...about,
      method: "post",
      path: "/api/v1/clouds/{id}/renew",
      operationId: "renewCloud",
      summary: "Get a new certificate for a new key; those before are used until the new ones have worked",
      params: ID,
      answer: { status: 200, description: "The cloud.", schema: CloudView },
      problems: {
        404: "No such cloud.",
        409: `Its certificate was not made by this gateway. ${BUSY}.`,
        502: "The cloud has not given one: the one before stays in use.",
      },
      handle: async (request) =>
        replyTo(await clouds.renew(idOf(request), askerOf(request)), (body) => ({ status: 200, body })),
    },
    {
      ...about,
      method: "put",
      path: "/api/v1/clouds/{id}/certificate",
      operationId: "replaceCloudCertificate",
      summary:
        "Give a cloud a certificate that is there already; the one before is used until this one has worked",
      params: ID,
      body: CloudCertificate,
      answer: { status: 200, description: "The cloud.", schema: CloudView },
      problems: {
        404: "No such cloud.",
        409: `It has no certificate. ${BUSY}.`,
        422: "Certificate and key do not fit, or are out of date.",
        502: "The cloud does not take it: the one before stays in use.",
      },
      handle: async (request) =>
        replyTo(
          await clouds.replaceCertificate(
            idOf(request),
            request.body as unknown as CloudCertificate,
            askerOf(request),
          ),
          (body) => ({ status: 200, body }),
        ),
    },
    {
      ...about,
      method: "put",
      path: "/api/v1/clouds/{id}/password",
      operationId: "replaceCloudPassword",
      summary: "Give a cloud another password or token; the one before is used until this one has worked",
      params: ID,
      body: CloudPassword,
      answer: { status: 200, description: "The cloud.", schema: CloudView },
      problems: {
        404: "No such cloud.",
        409: `It signs on without a password. ${BUSY}.`,
        502: "The cloud does not take it: the one before stays in use.",
      },
      handle: async (request) =>
        replyTo(
          await clouds.replacePassword(
            idOf(request),
            request.body as unknown as CloudPassword,
            askerOf(request),
          ),
          (body) => ({ status: 200, body }),
        ),
    },
  ];
}

const STATUS: Readonly<Record<CloudRefusal["code"], number>> = {
  "unknown-cloud": 404,
  configured: 409,
  exists: 409,
  busy: 409,
  "not-provisioned": 409,
  "invalid-cloud": 422,
  "check-failed": 422,
  "renewal-failed": 502,
};

function replyTo<T>(result: CloudResult<T>, answer: (value: T) => RouteReply): RouteReply {
  if (result.ok) return answer(result.value);
  const { check, code, detail, errors } = result.refusal;
  const { problem: body } = problem(STATUS[code], code, detail);
  return {
    problem: {
      ...body,
      ...(errors === undefined ? {} : { errors: [...errors] }),
      ...(check === undefined ? {} : { check }),
    },
  };
}

function idOf({ params: { id = "" } }: RouteRequest): string {
  return id;
}

function askerOf({ address, principal }: RouteRequest): Asker {
  return { by: principal?.name ?? "nobody", address };
}
