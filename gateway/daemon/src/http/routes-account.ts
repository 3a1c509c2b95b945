import {
  type Ms,
  NewToken,
  PRODUCT,
  SessionView,
  SetupCodeView,
  SetupRequest,
  SignInRequest,
  TicketRequest,
  TicketSignIn,
  TicketToken,
  TicketView,
  TokenRequest,
  TokenView,
} from "@tram/protocol";
import { Type } from "typebox";
import { type Opened, type People, SESSION_MS, SETUP } from "../people/people.ts";
import { PAGE_TOKEN, TICKET } from "../people/tickets.ts";
import { SESSION_COOKIE } from "./authorise.ts";
import { isLocalAddress } from "./names.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";

/**
 * Signing in and out, the first administrator, and tokens for programs.
 * @param port where browsers reach the gateway, once it listens.
 */
export function accountRoutes(people: People, port: () => number): readonly Route[] {
  const view = (request: RouteRequest): SessionView => ({
    setupNeeded: people.setupNeeded,
    ...(request.principal === undefined ? {} : { username: request.principal.name }),
    scopes: [...(request.principal?.scopes ?? [])],
  });
  return [
    {
      method: "get",
      path: "/api/v1/session",
      operationId: "getSession",
      summary: "Who is signed in, and whether the gateway still has to be set up",
      tag: "Account",
      scope: "open",
      answer: { status: 200, description: "The session.", schema: SessionView },
      handle: (request) => ({ status: 200, body: view(request) }),
    },
    {
      method: "post",
      path: "/api/v1/setup",
      operationId: "setUp",
      summary: "Create the first administrator with the one-time code, and sign in",
      tag: "Account",
      scope: "open",
      body: SetupRequest,
      answer: { status: 204, description: "Created and signed in: a session cookie is set." },
      problems: {
        403: "The code is wrong, or the caller is not of the local network.",
        409: "There is an administrator already.",
        410: "The code has expired: ask for a new one.",
        503: "The store does not keep anything now: there is no administrator, and the code stays good.",
      },
      handle: async (request) => {
        if (!isLocalAddress(request.address)) {
          return problem(403, "not-local", "The gateway is set up from its local network alone.");
        }
        const { code, username, password } = request.body as unknown as SetupRequest;
        const result = await people.setUp(code, username, password);
        if (result.ok) return signedIn(result);
        switch (result.code) {
          case "not-needed":
            return problem(409, "not-needed", "The gateway has an administrator already. Sign in.");
          case "expired":
            return problem(
              410,
              "expired",
              `The set-up code has expired. Ask for a new one with \`${PRODUCT.name} setup\`, or restart the gateway.`,
            );
          case "wrong-code":
            return problem(403, "wrong-code", "That is not the code that the gateway printed.");
        }
      },
    },
    {
      method: "post",
      path: "/api/v1/session",
      operationId: "signIn",
      summary: "Sign in with user name and password",
      tag: "Account",
      scope: "open",
      body: SignInRequest,
      answer: { status: 204, description: "Signed in: a session cookie is set." },
      problems: { 401: "Wrong user name or password.", 429: "Too many attempts from this address." },
      handle: async (request) => {
        const { username, password } = request.body as unknown as SignInRequest;
        const result = await people.signIn(username, password, request.address);
        if (result.ok) return signedIn(result);
        if (result.code === "wrong") return problem(401, "wrong-password", "Wrong user name or password.");
        const retryAfterS = Math.ceil(result.retryAfterMs / 1_000);
        return {
          problem: {
            status: 429,
            code: "too-many",
            detail: `Too many attempts. Try again in ${retryAfterS} s.`,
            retryAfterS,
          },
        };
      },
    },
    {
      method: "delete",
      path: "/api/v1/session",
      operationId: "signOut",
      summary: "Sign out",
      tag: "Account",
      scope: "open",
      answer: { status: 204, description: "Signed out." },
      handle: async (request) => {
        if (request.session !== undefined) await people.signOut(request.session);
        return { status: 204, headers: { "Set-Cookie": sessionCookie("", 0) } };
      },
    },
    ...ticketRoutes(people, port),
    {
      method: "get",
      path: "/api/v1/tokens",
      operationId: "listTokens",
      summary: "Tokens, without their secrets",
      tag: "Account",
      scope: "admin",
      answer: {
        status: 200,
        description: "The tokens.",
        schema: Type.Object({ tokens: Type.Array(TokenView) }),
      },
      handle: () => ({ status: 200, body: { tokens: people.tokens() } }),
    },
    {
      method: "post",
      path: "/api/v1/tokens",
      operationId: "createToken",
      summary: "Make a token for a program",
      tag: "Account",
      scope: "admin",
      body: TokenRequest,
      answer: { status: 201, description: "The token, with its secret this once.", schema: NewToken },
      handle: async (request) => {
        const { name, scopes } = request.body as unknown as TokenRequest;
        return { status: 201, body: await people.createToken(name, scopes) };
      },
    },
    {
      method: "delete",
      path: "/api/v1/tokens/{id}",
      operationId: "revokeToken",
      summary: "Take a token back; it ends at once on live connections too",
      tag: "Account",
      scope: "admin",
      params: { id: "Id of the token." },
      answer: { status: 204, description: "Revoked." },
      problems: { 404: "No such token." },
      handle: async (request) =>
        (await people.revokeToken(request.params.id ?? ""))
          ? { status: 204 }
          : problem(404, "unknown-token", "There is no such token."),
    },
  ];
}

/** What other programs of this machine ask for: LuCI, and the command line. */
function ticketRoutes(people: People, port: () => number): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/setup/code",
      operationId: "openSetup",
      summary: "A new one-time code for the first administrator; the one before is void",
      tag: "Account",
      scope: "local",
      answer: { status: 200, description: "The code, or that it is not needed.", schema: SetupCodeView },
      handle: () => {
        const code = people.openSetup();
        const body: SetupCodeView =
          code === undefined
            ? { setupNeeded: false }
            : { setupNeeded: true, code, expiresInS: SETUP.windowMs / 1_000 };
        return { status: 200, body };
      },
    },
    {
      method: "post",
      path: "/api/v1/tickets",
      operationId: "createTicket",
      summary: "A ticket for somebody who is signed in elsewhere on this machine",
      tag: "Account",
      scope: "local",
      body: TicketRequest,
      answer: { status: 201, description: "The ticket.", schema: TicketView },
      handle: (request) => {
        const { username, scopes } = request.body as unknown as TicketRequest;
        const ticket = people.tickets.issue(username, scopes);
        return { status: 201, body: { ticket, expiresInS: TICKET.validMs / 1_000, port: port() } };
      },
    },
    {
      method: "post",
      path: "/api/v1/session/ticket",
      operationId: "useTicket",
      summary: "Bring a ticket, take a token for this page",
      tag: "Account",
      scope: "open",
      fromElsewhere: true,
      body: TicketSignIn,
      answer: { status: 200, description: "The token.", schema: TicketToken },
      problems: { 401: "The ticket is wrong, used or late." },
      handle: (request) => {
        const { ticket } = request.body as unknown as TicketSignIn;
        const visitor = people.tickets.redeem(ticket);
        if (visitor === undefined)
          return problem(401, "bad-ticket", "This ticket has been used or has expired.");
        const body: TicketToken = {
          token: people.tickets.openPage(visitor),
          username: visitor.name,
          scopes: [...visitor.scopes],
          expiresInS: PAGE_TOKEN.validMs / 1_000,
        };
        return { status: 200, body };
      },
    },
  ];
}

function signedIn({ session, lasting }: Opened): RouteReply {
  return { status: 204, headers: { "Set-Cookie": sessionCookie(session, lasting ? SESSION_MS : undefined) } };
}

/**
 * Without `Secure`: on a LAN the page comes over HTTP, and the browser would drop the cookie.
 * @param maxAgeMs how long the browser keeps it; until it is closed, when there is nothing to promise.
 */
export function sessionCookie(value: string, maxAgeMs: Ms | undefined): string {
  const age = maxAgeMs === undefined ? "" : `; Max-Age=${maxAgeMs / 1_000}`;
  return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict${age}`;
}
