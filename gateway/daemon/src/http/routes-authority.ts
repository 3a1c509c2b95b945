import { X509Certificate } from "node:crypto";
import { AuthorityView, CertificateRequest, NewCertificate, PRODUCT, Rotation } from "@tram/protocol";
import type { Identity } from "../mqtt/identity/identity.ts";
import type { Authority } from "../tls/authority.ts";
import { CertificateError } from "../tls/certificates.ts";
import { serialOf } from "../tls/verify-client.ts";
import { problem, type Route, type RouteReply } from "./route.ts";

const NONE = problem(409, "no-ca", `There is no certificate authority: \`${PRODUCT.name} ca init\`.`);

/** The certificate authority of the house. Undefined where its files could not be read: the gateway's problems say why. */
export function authorityRoutes(authority: Authority | undefined, identity: Identity): readonly Route[] {
  const by = (name: string | undefined): string => name ?? "";
  const view = (): AuthorityView => {
    const certificate = authority?.certificate;
    return {
      exists: certificate !== undefined,
      ...(certificate !== undefined && {
        certificate,
        fingerprint: new X509Certificate(certificate).fingerprint256,
        revocationList: authority?.revocationList ?? "",
      }),
      issued: [...(authority?.issued ?? [])],
    };
  };
  return [
    {
      method: "get",
      path: "/api/v1/ca",
      operationId: "getAuthority",
      summary: "The certificate authority, what it issued, and its list of revoked certificates",
      tag: "Access",
      scope: "admin",
      answer: { status: 200, description: "The authority.", schema: AuthorityView },
      handle: () => ({ status: 200, body: view() }),
    },
    {
      method: "post",
      path: "/api/v1/ca",
      operationId: "createAuthority",
      summary: "Make the certificate authority and the broker's certificate",
      tag: "Access",
      scope: "admin",
      answer: { status: 201, description: "The authority.", schema: AuthorityView },
      problems: { 409: "There is one already." },
      handle: async ({ principal }) => {
        if (authority === undefined) return NONE;
        if (await authority.init(by(principal?.name))) return { status: 201, body: view() };
        return problem(409, "exists", "There is a certificate authority already; `rotate` makes a new one.");
      },
    },
    {
      method: "post",
      path: "/api/v1/ca/rotate",
      operationId: "rotateAuthority",
      summary: "Make a new certificate for the broker, or a new authority",
      tag: "Access",
      scope: "admin",
      body: Rotation,
      answer: { status: 200, description: "The authority.", schema: AuthorityView },
      problems: { 409: "There is no authority." },
      handle: async ({ body, principal }) => {
        if (authority?.exists !== true) return NONE;
        await authority.rotate((body as unknown as Rotation).what, by(principal?.name));
        return { status: 200, body: view() };
      },
    },
    {
      method: "post",
      path: "/api/v1/ca/certificates",
      operationId: "issueCertificate",
      summary: "A client certificate for an account, with a new password beside it",
      tag: "Access",
      scope: "admin",
      body: CertificateRequest,
      answer: {
        status: 201,
        description: "The certificate, with its key this once.",
        schema: NewCertificate,
      },
      problems: {
        400: "A request that cannot be used.",
        409: "There is no authority, or the account is taken.",
      },
      handle: ({ address, body, principal }) =>
        authority?.exists !== true
          ? NONE
          : issue(authority, identity, {
              request: body as unknown as CertificateRequest,
              by: by(principal?.name),
              address,
            }),
    },
    {
      method: "delete",
      path: "/api/v1/ca/certificates/{which}",
      operationId: "revokeCertificate",
      summary: "Revoke a certificate by its serial number, or all of an account; its connections end",
      tag: "Access",
      scope: "admin",
      params: { which: "Serial number, or id of the account." },
      answer: { status: 204, description: "Revoked." },
      problems: { 404: "No certificate of it counts." },
      handle: async ({ params: { which = "" }, principal }) => {
        const revoked = (await authority?.revoke(which, by(principal?.name))) ?? [];
        if (revoked.length === 0)
          return problem(404, "unknown-certificate", `No certificate of ${which} counts.`);
        for (const { id } of revoked) identity.disconnect(id);
        return { status: 204 };
      },
    },
  ];
}

async function issue(
  authority: Authority,
  identity: Identity,
  { address, by, request }: { request: CertificateRequest; by: string; address: string },
): Promise<RouteReply> {
  const { csr, id } = request;
  const known = identity.credentials.get(id);
  const spec = {
    id,
    kind: known?.kind ?? "homie",
    role: known?.role ?? "device",
    topics: known?.topics,
    createdBy: by,
  };
  const refused = identity.grants.refusal(id, { replace: known !== undefined });
  if (refused !== undefined)
    return problem(refused.code === "bad-id" ? 400 : 409, refused.code, refused.problem);
  try {
    const made =
      csr === undefined ? await authority.issue(id, by) : { certificate: await authority.sign(csr, id, by) };
    const serial = serialOf(new X509Certificate(made.certificate).serialNumber);
    const granted = await identity.grants.grant(
      { ...spec, certificate: serial },
      { replace: known !== undefined, address },
    );
    if (!granted.ok) return problem(409, granted.code, granted.problem);
    const ca = authority.certificate ?? "";
    return { status: 201, body: { id, serial, ...made, ca, password: granted.secret } };
  } catch (error) {
    if (error instanceof CertificateError) return problem(400, error.code, `csr: ${error.message}`);
    throw error;
  }
}
