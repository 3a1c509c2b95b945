import { randomBytes } from "node:crypto";
import { CredentialRequest, CredentialView, NewCredential } from "@tram/protocol";
import { Type } from "typebox";
import type { Credential } from "../mqtt/identity/credentials.ts";
import { describeKind } from "../mqtt/identity/device-kinds.ts";
import type { Identity } from "../mqtt/identity/identity.ts";
import { problem, type Route } from "./route.ts";
import { iso } from "./views.ts";

/**
 * Credentials of devices and programs: what there is, new ones for devices that cannot claim, and their end.
 * @param place where devices reach the broker.
 */
export function credentialRoutes(
  identity: Identity,
  place: { readonly host: string; readonly port: number },
): readonly Route[] {
  const view = (credential: Credential, connected: boolean): CredentialView => {
    const { id, kind, role, topics, createdAt, clock, createdBy, certificate } = credential;
    const seen = identity.credentials.lastSeen(id);
    return {
      id,
      kind,
      role,
      ...(topics === undefined ? {} : { topics }),
      createdAt: iso(createdAt),
      clock,
      createdBy,
      certificate: certificate !== undefined,
      connected,
      ...(seen === undefined ? {} : { lastSeen: iso(seen) }),
    };
  };
  return [
    {
      method: "get",
      path: "/api/v1/credentials",
      operationId: "listCredentials",
      summary: "Credentials of devices and programs, without their secrets",
      tag: "Access",
      scope: "admin",
      answer: {
        status: 200,
        description: "The credentials.",
        schema: Type.Object({ credentials: Type.Array(CredentialView) }),
      },
      handle: () => {
        const connected = identity.connectedAccounts();
        const credentials = [...identity.credentials.all()].map((entry) =>
          view(entry, connected.has(entry.id)),
        );
        return { status: 200, body: { credentials } };
      },
    },
    {
      method: "post",
      path: "/api/v1/credentials",
      operationId: "grantCredential",
      summary: "A credential for a device or a program that cannot claim one",
      tag: "Access",
      scope: "admin",
      body: CredentialRequest,
      answer: {
        status: 201,
        description: "The credential, with its secret this once.",
        schema: NewCredential,
      },
      problems: { 400: "An id or topics that cannot be.", 409: "The id or its topics are taken." },
      handle: async (request) => {
        const {
          kind,
          topics: prefixes,
          replace = false,
          ...rest
        } = request.body as unknown as CredentialRequest;
        const id = rest.id ?? `${kind}-${randomBytes(3).toString("hex")}`;
        const described = describeKind(kind, id, prefixes);
        if (!described.ok) return problem(400, "bad-kind", described.problem);
        const { role, topics } = described;
        const createdBy = request.principal?.name ?? "";
        const { address } = request;
        const granted = await identity.grants.grant(
          { id, kind, role, topics, createdBy },
          { replace, address },
        );
        if (!granted.ok) return problem(granted.code === "bad-id" ? 400 : 409, granted.code, granted.problem);
        const made = identity.credentials.get(id);
        if (made === undefined) return problem(409, "taken", `${id} was revoked at once`);
        return {
          status: 201,
          body: { credential: view(made, false), password: granted.secret, broker: place },
        };
      },
    },
    {
      method: "delete",
      path: "/api/v1/credentials/{id}",
      operationId: "revokeCredential",
      summary: "Take a credential back; its connections end at once",
      tag: "Access",
      scope: "admin",
      params: { id: "Id of the credential." },
      answer: { status: 204, description: "Revoked." },
      problems: { 404: "No such credential." },
      handle: async (request) => {
        const id = request.params.id ?? "";
        if (await identity.grants.revoke(id, request.principal?.name ?? "")) return { status: 204 };
        return problem(
          404,
          "unknown-credential",
          `There is no credential ${id}; accounts of the configuration end there.`,
        );
      },
    },
  ];
}
