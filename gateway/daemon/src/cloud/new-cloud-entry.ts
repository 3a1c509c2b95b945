import type { TlsIdentity } from "@tram/cloud-bridge";
import { type Json, type JsonObject, type NewCloud, PRODUCT, type SchemaProblem } from "@tram/protocol";
import { checkConfig } from "../config/check.ts";
import { pemProblem, UNREADABLE } from "../config/read-identity.ts";
import { type CloudRecord, PARTS } from "./cloud-folders.ts";

/** What is said in the request by a name of its own, or nowhere. */
const NOT_MORE =
  /^(?:id|provider|endpoint|host|org|gateway_type|gateway_id|port|url|username|password|thing_name|.*_file)$/;

/** What the request calls something else than the configuration does. */
const NAMES: Readonly<Record<string, string>> = {
  ca_file: "ca",
  cert_file: "certificate",
  key_file: "key",
  thing_name: "thing",
  gateway_type: "gatewayType",
  gateway_id: "gatewayId",
};

/** A cloud that somebody has asked for, as it would stand in the configuration file without its certificates. */
export function entryOf(request: NewCloud): CloudRecord["entry"] {
  const { id, more = {}, provider } = request;
  return { ...(more as JsonObject), ...given(ownOf(request)), id, provider };
}

function ownOf(request: NewCloud): Readonly<Record<string, Json | undefined>> {
  switch (request.provider) {
    case "mqtt": {
      const { password, url, username } = request;
      return { url, username, password };
    }
    case "aws-iot": {
      const { claim, endpoint, port, thing } = request;
      // What the gateway is called after a claim the template says.
      return { endpoint, port, thing_name: claim === undefined ? thing : undefined };
    }
    case "bluemix": {
      const { gatewayId: gateway_id, gatewayType: gateway_type, host, org, port, token } = request;
      return { host, port, org, gateway_type, gateway_id, password: token };
    }
  }
}

/** The certificate that was given, and whom to believe. */
export function identityOf({ ca, certificate, key }: NewCloud): TlsIdentity {
  return given({ ca, cert: certificate, key });
}

function given<T>(members: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(members).filter((member): member is [string, T] => member[1] !== undefined),
  );
}

/** What is wrong with a request that fits its schema, by its paths. */
export function requestProblems(request: NewCloud): readonly SchemaProblem[] {
  const found = new Map<string, string>();
  const places = [moreProblems, pairProblems, claimProblems, pemProblems, entryProblems];
  for (const { path, problem } of places.flatMap((look) => [...look(request)])) {
    if (!found.has(path)) found.set(path, problem);
  }
  return [...found].map(([path, problem]) => ({ path, problem }));
}

function* moreProblems({ more = {} }: NewCloud): Generator<SchemaProblem> {
  for (const key of Object.keys(more)) {
    if (NOT_MORE.test(key)) yield { path: `more.${key}`, problem: "cannot be said here" };
  }
}

function* pairProblems({ certificate, key }: NewCloud): Generator<SchemaProblem> {
  if (certificate !== undefined && key === undefined) {
    yield { path: "key", problem: "is missing: there is a certificate" };
  }
  if (key !== undefined && certificate === undefined) {
    yield { path: "certificate", problem: "is missing: there is a key" };
  }
}

/** AWS IoT knows a gateway by a certificate: by one that is there, or by one that a claim gets. */
function* claimProblems(request: NewCloud): Generator<SchemaProblem> {
  if (request.provider !== "aws-iot") return;
  const { certificate, claim, key, parameters, template } = request;
  if (certificate !== undefined || key !== undefined) {
    for (const path of Object.keys(given<unknown>({ claim, template, parameters }))) {
      yield { path, problem: "expected a certificate that is there already or a claim, found both" };
    }
  } else if (claim === undefined && template === undefined) {
    yield { path: "certificate", problem: "is missing, with its key; or a claim, with its template" };
  } else if (claim === undefined) yield { path: "claim", problem: "is missing: there is a template" };
  else if (template === undefined) yield { path: "template", problem: "is missing: there is a claim" };
}

function* pemProblems(request: NewCloud): Generator<SchemaProblem> {
  const claim = request.provider === "aws-iot" ? request.claim : undefined;
  yield* identityProblems(identityOf(request));
  yield* identityProblems(given({ cert: claim?.certificate, key: claim?.key }), "claim.");
}

/** What OpenSSL could not use. @param at what stands before the names of its parts. */
export function* identityProblems(identity: TlsIdentity, at = ""): Generator<SchemaProblem> {
  for (const part of ["ca", "cert", "key"] as const) {
    const text = identity[part];
    if (text === undefined) continue;
    const path = `${at}${NAMES[`${part}_file`] ?? part}`;
    const problem = pemProblem(part, text);
    if (problem !== undefined) yield { path, problem };
    // Nobody takes a certificate for a secret.
    else if (part !== "key" && text.includes("PRIVATE KEY-----")) {
      yield { path, problem: "expected certificates alone, found a private key with them" };
    }
  }
}

/** As of an entry of the configuration file. Its certificate files are not there yet. */
function* entryProblems(request: NewCloud): Generator<SchemaProblem> {
  const entry = entryOf(request);
  const { more = {}, provider } = request;
  const claims = provider === "aws-iot" && (request.claim ?? request.template) !== undefined;
  const parts = Object.keys({ ...identityOf(request), ...(claims ? { cert: "", key: "" } : {}) });
  const files = parts.map((part) => [`${part}_file`, PARTS[part as keyof typeof PARTS]] as const);
  const checked = checkConfig(
    { cloud: [{ ...entry, ...Object.fromEntries(files) }] },
    `/nonexistent/${PRODUCT.name}`,
  );
  if ("document" in checked) return;
  for (const { path, problem } of checked) {
    if (problem.startsWith(UNREADABLE)) continue;
    const inner = path.replace(/^cloud\[0\]\.?/, "");
    const [first = ""] = inner.split(/[.[]/);
    const name = provider === "bluemix" && inner === "password" ? "token" : (NAMES[inner] ?? inner);
    yield { path: Object.hasOwn(more, first) ? `more.${inner}` : name, problem };
  }
}
