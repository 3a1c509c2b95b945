import { X509Certificate } from "node:crypto";
import { StoreError } from "@tram/core";
import { AuthorityView, CertificateRequest, NewCertificate, PRODUCT, Rotation } from "@tram/protocol";
import type { Identity } from "../mqtt/identity/identity.ts";
import type { Authority } from "../tls/authority.ts";
import { CertificateError } from "../tls/certificates.ts";
import type { PreviousAuthority } from "../tls/ledger.ts";
import { serialOf } from "../tls/verify-client.ts";
import { notStored } from "./not-stored.ts";
import { problem, type Route, type RouteReply } from "./route.ts";

const REVOKED_ALL_THE_SAME = "The certificate is revoked, but a power cut could bring it back";

/** Devices are to get their new certificates meanwhile. */
const OVERLAP_DAYS = 365;

const OVERLAP = problem(
  409,
  "overlap",
  "The authority before this one still counts. An overlap of 0 days takes both back at once.",
);
const UNREADABLE = problem(
  409,
  "ca-unreadable",
  `The files of the certificate authority cannot be read: \`${PRODUCT.name} status\` says why.`,
);
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
      ...(authority?.server !== undefined && { broker: brokerView(authority.server.certificate) }),
      ...(authority?.previous !== undefined && { previous: previousView(authority.previous) }),
      issued: (authority?.issued ?? []).map(({ authority: _signer, ...shown }) => shown),
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
      problems: { 409: "There is one already, or its files cannot be read." },
      handle: async ({ principal }) => {
        if (authority === undefined) return UNREADABLE;
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
      problems: { 409: "There is no authority, or the one before this one still counts." },
      handle: async ({ body, principal }) => {
        if (authority?.exists !== true) return NONE;
        const { overlapDays = OVERLAP_DAYS, what } = body as unknown as Rotation;
        if (what === "server") await authority.renew(by(principal?.name));
        else if (!(await authority.replace(by(principal?.name), overlapDays))) return OVERLAP;
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
      problems: {
        404: "No certificate of it counts.",
        503: "The disk does not take it now: it is revoked, but a power cut could bring it back.",
      },
      handle: async ({ params: { which = "" }, principal }) => {
        try {
          const revoked = (await authority?.revoke(which, by(principal?.name))) ?? [];
          if (revoked.length > 0) return { status: 204 };
        } catch (error) {
          if (error instanceof StoreError) return { problem: notStored(error, REVOKED_ALL_THE_SAME) };
          throw error;
        }
        return problem(404, "unknown-certificate", `No certificate of ${which} counts.`);
      },
    },
  ];
}

function brokerView(pem: string): NonNullable<AuthorityView["broker"]> {
  const { serialNumber, subjectAltName = "", validTo } = new X509Certificate(pem);
  const names = subjectAltName.split(", ").map((name) => name.replace(/^(?:DNS|IP Address):/, ""));
  return { serial: serialOf(serialNumber), notAfter: new Date(validTo).toISOString(), names };
}

function previousView({ certificate, until }: PreviousAuthority): NonNullable<AuthorityView["previous"]> {
  const { fingerprint256: fingerprint } = new X509Certificate(certificate);
  return { fingerprint, ...(until !== undefined && { until }) };
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
