import type { IncomingMessage, ServerResponse } from "node:http";
import { type Log, StoreError } from "@tram/core";
import { EDITOR_SCHEMAS, type SchemaProblem } from "@tram/protocol";
import type { AccountAudit } from "../audit/account-audit.ts";
import type { NodeRedDoor } from "../node-red/door.ts";
import { isNodeRedPath } from "../node-red/path.ts";
import type { People } from "../people/people.ts";
import { WELL_KNOWN_PATH } from "../wot/paths.ts";
import { type Caller, cookieOf, denial, identify, SESSION_COOKIE } from "./authorise.ts";
import { bodyProblems } from "./body-problems.ts";
import { misdirected, neighbourHeaders, PREFLIGHT_HEADERS } from "./cross-origin.ts";
import { METRICS_CONTENT_TYPE } from "./metrics.ts";
import { notStored } from "./not-stored.ts";
import { openApiDocument } from "./openapi.ts";
import { readAnyBody, readJsonBody } from "./read-body.ts";
import { fileReply, jsonReply, problemReply, type Reply, writeReply } from "./reply.ts";
import type { ProblemReply, Route, RouteRequest } from "./route.ts";
import { type Match, RouteTable } from "./route-table.ts";
import { signOn } from "./sign-on.ts";
import type { StaticFiles } from "./static-files.ts";

/** Answers one request. `local` says that it came over the Unix socket. It never rejects. */
export type App = (request: IncomingMessage, response: ServerResponse, local: boolean) => Promise<void>;

const METRICS_PATH = "/metrics";

export interface AppParts {
  readonly routes: readonly Route[];
  readonly people: People;
  readonly audit: AccountAudit;
  readonly files: StaticFiles;
  readonly log: Log;
  /** Names of the gateway besides its addresses and local names. */
  readonly hosts: readonly string[];
  /** What Prometheus reads. */
  readonly metrics: () => string;
  /** Absent where Node-RED is not installed. */
  readonly nodeRed?: NodeRedDoor | undefined;
}

function isEditorSchema(name: string): name is keyof typeof EDITOR_SCHEMAS {
  return Object.hasOwn(EDITOR_SCHEMAS, name);
}

/** The HTTP application: the API of the routes, its OpenAPI document, and the files of the web UI. */
export function createApp(parts: AppParts): App {
  const { people, log, hosts } = parts;
  const table = new RouteTable(parts.routes);
  let document: string | undefined;

  async function replyTo(request: IncomingMessage, path: string, local: boolean): Promise<Reply> {
    const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
    if (method === "OPTIONS" && path.startsWith("/api/")) {
      return { status: 204, headers: "origin" in request.headers ? PREFLIGHT_HEADERS : {} };
    }
    const match = table.find(method, path);
    if (match === "malformed") {
      return problemReply({ status: 400, code: "bad-path", detail: "The path is not percent-encoded text." });
    }
    if (match !== undefined) return callRoute(match, request, { people, local });
    if (method === "POST" && path === "/sign-on") return signOn(request, people, parts.audit);
    if (method === "GET" && path === "/openapi.json") {
      document ??= JSON.stringify(openApiDocument(parts.routes));
      return { status: 200, headers: { "Content-Type": "application/json" }, body: document };
    }
    const schema = path.slice(1);
    if (method === "GET" && isEditorSchema(schema)) {
      // For everybody, as the OpenAPI document: editors bring no token.
      const body = JSON.stringify(EDITOR_SCHEMAS[schema]());
      return { status: 200, headers: { "Content-Type": "application/schema+json" }, body };
    }
    if (method === "GET" && path === METRICS_PATH) return metricsReply(request, local);
    if (method === "GET" && !path.startsWith("/api/") && !isNodeRedPath(path)) {
      return parts.files.answer(path, request.headers["accept-encoding"] ?? "");
    }
    return problemReply({ status: 404, code: "unknown-path", detail: `There is no ${path}.` });
  }

  /** For whoever may read: a scraper brings a token. */
  function metricsReply(request: IncomingMessage, local: boolean): Reply {
    const session = cookieOf(request.headers.cookie, SESSION_COOKIE);
    const caller = identify({ authorization: request.headers.authorization, session, local }, people);
    const denied = denial({ method: "get", scope: "read" }, caller, () => undefined);
    if (denied !== undefined) return problemReply(denied);
    return { status: 200, headers: { "Content-Type": METRICS_CONTENT_TYPE }, body: parts.metrics() };
  }

  return async (request, response, local) => {
    const head = request.method === "HEAD";
    try {
      const wrong = local ? undefined : misdirected(request.headers.host, hosts);
      if (wrong !== undefined) {
        writeReply(response, problemReply(wrong), { head });
        return;
      }
      const path = pathOf(request);
      if (isNodeRedPath(path) && parts.nodeRed !== undefined) {
        parts.nodeRed.answer(request, response, local);
        return;
      }
      const isApi = path.startsWith("/api/") || path === WELL_KNOWN_PATH;
      const headers = isApi ? { "Cache-Control": "no-store", ...neighbourHeaders(request.headers) } : {};
      const reply = await replyTo(request, path, local).catch((error: unknown) => {
        // No bug: the disk does not keep what the answer would promise.
        if (error instanceof StoreError) return problemReply(notStored(error));
        throw error;
      });
      const onBroken = ({ message }: Error): void =>
        log.warn({ path, reason: message }, "a download was broken off");
      writeReply(response, reply, { head, headers, onBroken });
    } catch (error) {
      // A client that broke off while its body was read needs no answer.
      if (request.destroyed && !request.complete) return;
      const { message, stack } = error as Error;
      // Without the query, there may be a token in it; and the id of a webhook is one.
      const path = pathOf(request).replace(/^(\/api\/v1\/webhooks\/).+/, "$1…");
      log.error({ path, error: message, stack }, "a request handler threw");
      const detail = "Something broke inside. See the log.";
      if (response.headersSent) response.destroy();
      else writeReply(response, problemReply({ status: 500, code: "internal", detail }), { head });
    }
  };
}

async function callRoute(
  match: Match,
  request: IncomingMessage,
  { people, local }: { readonly people: People; readonly local: boolean },
): Promise<Reply> {
  const { route, params } = match;
  const header = (name: string): string | undefined => {
    const value = request.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  };
  const session = cookieOf(request.headers.cookie, SESSION_COOKIE);
  const query = queryOf(request);
  const wantsStream =
    route.streams !== undefined && /\btext\/event-stream\b/i.test(request.headers.accept ?? "");
  const authorization = request.headers.authorization ?? (wantsStream ? tokenIn(query) : undefined);
  const identified = (): Caller => identify({ authorization, session, local }, people);
  const caller = identified();
  const denied = denial(route, caller, header);
  if (denied !== undefined) return problemReply(denied);

  const validator = match.validator();
  const body =
    validator === undefined
      ? { ok: true as const, value: null }
      : await (route.anyMedia ? readAnyBody : readJsonBody)(request, route.bodyLimit);
  if (!body.ok) return problemReply(body.problem);
  if (validator !== undefined && !validator.Check(body.value)) {
    return problemReply(invalidBody(bodyProblems(route, validator, body.value)));
  }
  const routeRequest: RouteRequest = {
    params,
    query,
    body: body.value,
    principal: caller.principal,
    session,
    address: request.socket.remoteAddress ?? "",
    host: local ? undefined : request.headers.host,
    wantsStream,
    stillAllowed: () => denial(route, identified(), header) === undefined,
    header,
  };
  const reply = await route.handle(routeRequest);
  if ("problem" in reply) return problemReply(reply.problem);
  if ("write" in reply) return { status: 200, ...reply };
  if ("stream" in reply) return { status: reply.status, headers: reply.headers, body: reply.stream };
  if (reply.status === 204) return { status: 204, ...(reply.headers ? { headers: reply.headers } : {}) };
  if ("file" in reply)
    return fileReply(route.answer.media ?? "application/octet-stream", reply.name, reply.file);
  return jsonReply(reply.status, reply.body, reply.headers);
}

/**
 * RFC 6750 §2.3: a token in the query, for the streams alone. An `EventSource` cannot send a header, and a token in an
 * address ends up where addresses are written down.
 */
function tokenIn({ access_token: token }: Readonly<Record<string, string>>): string | undefined {
  return token === undefined ? undefined : `Bearer ${token}`;
}

function invalidBody(errors: readonly SchemaProblem[]): ProblemReply {
  const [first] = errors;
  const where = first === undefined || first.path === "" ? "body" : first.path;
  return {
    status: 400,
    code: "invalid-body",
    detail: `${where}: ${first?.problem ?? "is invalid"}`,
    errors: [...errors],
  };
}

/** The path as it was sent: percent-encoding and dots are taken literally, for nothing here is a file system. */
function pathOf({ url = "/" }: IncomingMessage): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

function queryOf({ url = "/" }: IncomingMessage): Readonly<Record<string, string>> {
  const begin = url.indexOf("?");
  return begin < 0 ? {} : Object.fromEntries(new URLSearchParams(url.slice(begin + 1)));
}
