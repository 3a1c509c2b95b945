import type { IncomingMessage } from "node:http";
import type { Log } from "@tram/core";
import { type Json, PRODUCT, type SchemaProblem, schemaProblems } from "@tram/protocol";
import { type Context, Hono } from "hono";
import { getCookie } from "hono/cookie";
import { Compile } from "typebox/compile";
import type { People, Principal } from "../people/people.ts";
import { allowNeighbours, misdirected } from "./cross-origin.ts";
import { openApiDocument } from "./openapi.ts";
import { problemTitle } from "./problem-title.ts";
import type { ProblemReply, Route, RouteRequest } from "./route.ts";
import { SESSION_COOKIE } from "./routes-account.ts";
import { signOn } from "./sign-on.ts";
import type { StaticFiles } from "./static-files.ts";

/** Largest request body. In bytes. */
const BODY_LIMIT = 262_144;
/** A body that is too large is still read so far, so that its sender gets to see the answer. In bytes. */
const DRAIN_LIMIT = 4_194_304;

/** What the server knows of a connection: `local` came over the Unix socket, where the file's permission decides. */
export interface Connection {
  readonly incoming: IncomingMessage;
  readonly local?: true;
}

type Env = { Bindings: Connection };

export const LOCAL_PRINCIPAL: Principal = { name: "local", scopes: ["read", "control", "admin"] };

/** Who calls: over the Unix socket, with a token, or with a session. */
export function identify(
  request: { authorization: string | undefined; session: string | undefined; local: boolean },
  people: People,
): { principal: Principal | undefined; by: "socket" | "token" | "session" | "nobody" } {
  if (request.local) return { principal: LOCAL_PRINCIPAL, by: "socket" };
  const token = /^Bearer ([A-Za-z0-9_-]{20,64})$/i.exec(request.authorization ?? "")?.[1];
  if (token !== undefined) return { principal: people.byToken(token), by: "token" };
  if (request.session !== undefined && request.session !== "") {
    return { principal: people.bySession(request.session), by: "session" };
  }
  return { principal: undefined, by: "nobody" };
}

/** The HTTP application: the API of the routes, its OpenAPI document, and the files of the web UI. */
export function createApp(parts: {
  routes: readonly Route[];
  people: People;
  files: StaticFiles;
  log: Log;
  /** Names of the gateway besides its addresses and local names. */
  hosts: readonly string[];
}): Hono<Env> {
  const { routes, people, files, log, hosts } = parts;
  const app = new Hono<Env>();
  const document = JSON.stringify(openApiDocument(routes));

  app.use("*", async (context, next) => {
    const wrong = context.env.local ? undefined : misdirected(context.req.header("host"), hosts);
    if (wrong !== undefined) return answerProblem(context, wrong);
    await next();
    for (const [name, value] of SECURITY_HEADERS) context.res.headers.set(name, value);
    if (context.req.path.startsWith("/api/")) context.res.headers.set("Cache-Control", "no-store");
    return undefined;
  });
  app.use("/api/*", allowNeighbours);
  app.get("/openapi.json", (context) => context.body(document, 200, { "Content-Type": "application/json" }));
  app.post("/sign-on", (context) => signOn(context, people));
  for (const route of routes) mount(app, route, people);
  app.all("/api/*", (context) =>
    answerProblem(context, { status: 404, code: "unknown-path", detail: `There is no ${context.req.path}.` }),
  );
  app.get("*", (context) => files.answer(context.req.raw));
  app.onError((error, context) => {
    log.error(
      { path: context.req.path, error: error.message, stack: error.stack },
      "a request handler threw",
    );
    return answerProblem(context, {
      status: 500,
      code: "internal",
      detail: "Something broke inside. See the log.",
    });
  });
  return app;
}

/** facts of the web: no inline code, no framing, nothing from elsewhere; the live socket is same-origin. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  [
    "Content-Security-Policy",
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
  ],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["X-Frame-Options", "DENY"],
];

function mount(app: Hono<Env>, route: Route, people: People): void {
  const path = route.path.replace(/\{(\w+)\}/g, ":$1");
  const validator = route.body === undefined ? undefined : Compile(route.body);
  app.on(route.method.toUpperCase(), path, async (context) => {
    const session = getCookie(context, SESSION_COOKIE);
    const local = context.env.local === true;
    const authorization = context.req.header("authorization");
    const { principal, by } = identify({ authorization, session, local }, people);
    const denied = authorise(route.scope, principal, local) ?? forged(context, route, by);
    if (denied !== undefined) return answerProblem(context, denied);

    const body = await readBody(context, route);
    if (!body.ok) return answerProblem(context, body.problem);
    if (validator !== undefined && !validator.Check(body.value)) {
      return answerProblem(context, invalidBody(schemaProblems(validator.Errors(body.value), body.value)));
    }
    const request: RouteRequest = {
      params: context.req.param() as Record<string, string>,
      query: context.req.query(),
      body: body.value,
      principal,
      session,
      address: context.env.incoming.socket.remoteAddress ?? "",
      header: (name) => context.req.header(name),
    };
    const reply = await route.handle(request);
    if ("problem" in reply) return answerProblem(context, reply.problem);
    if (reply.status === 204) return context.body(null, 204, reply.headers);
    return context.body(JSON.stringify(reply.body), reply.status, {
      "Content-Type": "application/json",
      ...reply.headers,
    });
  });
}

function authorise(
  scope: Route["scope"],
  principal: Principal | undefined,
  local: boolean,
): ProblemReply | undefined {
  if (scope === "open") return undefined;
  if (principal === undefined) {
    return {
      status: 401,
      code: "sign-in-needed",
      detail: "Sign in, or send a token as `Authorization: Bearer …`.",
    };
  }
  if (scope === "local") {
    return local
      ? undefined
      : { status: 403, code: "local-only", detail: "This is for programs of the gateway's own machine." };
  }
  if (principal.scopes.includes(scope)) return undefined;
  return { status: 403, code: "scope-missing", detail: `This needs the scope ${scope}.` };
}

/**
 * Refuses changes that another page made the browser send. A page of another origin cannot set the header without a
 * CORS preflight, which is never granted; the browser's own word (Fetch Metadata) is checked on top.
 */
function forged(
  context: Context<Env>,
  route: Route,
  by: "socket" | "token" | "session" | "nobody",
): ProblemReply | undefined {
  if (route.method === "get" || by === "socket" || by === "token" || route.fromElsewhere) return undefined;
  const site = context.req.header("sec-fetch-site");
  const marked = context.req.header("x-tram-request") !== undefined;
  if (marked && (site === undefined || site === "same-origin" || site === "none")) return undefined;
  return {
    status: 403,
    code: "forged",
    detail: "A change needs the header X-Tram-Request and the gateway's own page.",
  };
}

type Body =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: ProblemReply };

async function readBody(context: Context<Env>, route: Route): Promise<Body> {
  if (route.body === undefined) return { ok: true, value: null };
  const text = await readText(context.req.raw.body);
  if (text === undefined) return { ok: false, problem: tooLarge() };
  if (text === "") return { ok: true, value: null };
  const type = context.req.header("content-type") ?? "application/json";
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    const detail = `Expected application/json, found ${type}.`;
    return { ok: false, problem: { status: 415, code: "not-json", detail } };
  }
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    const detail = `The body is not JSON: ${(error as Error).message}`;
    return { ok: false, problem: { status: 400, code: "bad-json", detail } };
  }
}

/** @returns `undefined` when the body is larger than it may be. */
async function readText(body: ReadableStream<Uint8Array> | null): Promise<string | undefined> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
    else chunks.length = 0;
    if (size > DRAIN_LIMIT) break;
  }
  return size > BODY_LIMIT ? undefined : Buffer.concat(chunks).toString("utf8");
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

function tooLarge(): ProblemReply {
  return { status: 413, code: "too-large", detail: `Expected at most ${BODY_LIMIT} bytes.` };
}

function answerProblem(context: Context<Env>, reply: ProblemReply): Response {
  const { retryAfterS, ...rest } = reply;
  const body = {
    type: `urn:${PRODUCT.name}:problem:${reply.code}`,
    title: problemTitle(reply.status),
    ...rest,
  };
  return context.body(JSON.stringify(body), reply.status as 400, {
    "Content-Type": "application/problem+json",
    ...(retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) }),
  });
}
