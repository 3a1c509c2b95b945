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
import type { AccountAudit } from "../audit/account-audit.ts";
import { type Opened, type People, SESSION_MS, SETUP } from "../people/people.ts";
import { PAGE_TOKEN, TICKET } from "../people/tickets.ts";
import { SESSION_COOKIE } from "./authorise.ts";
import { isLocalAddress } from "./names.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";

/** Somebody who did not show who they are. */
const UNKNOWN = "unknown";

/**
 * Signing in and out, the first administrator, and tokens for programs.
 * @param port where browsers reach the gateway, once it listens.
 * @param audit is told of each of these.
 */
export function accountRoutes(people: People, port: () => number, audit: AccountAudit): readonly Route[] {
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
        const { address } = request;
        if (result.ok) {
          audit.done("administrator-created", { subject: username, by: username, address });
          return signedIn(result);
        }
        audit.refused("setup-refused", { subject: "set-up", by: UNKNOWN, address, detail: result.code });
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
        const { address } = request;
        const result = await people.signIn(username, password, address);
        if (result.ok) {
          audit.done("signed-in", { subject: username, by: username, address });
          return signedIn(result);
        }
        const subject = people.knows(username) ? username : UNKNOWN;
        audit.refused("sign-in-refused", { subject, by: UNKNOWN, address, detail: result.code });
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
        const { address, principal, session } = request;
        if (session !== undefined) await people.signOut(session);
        if (session !== undefined && principal !== undefined)
          audit.done("signed-out", { subject: principal.name, by: principal.name, address });
        return { status: 204, headers: { "Set-Cookie": sessionCookie("", 0) } };
      },
    },
    ...ticketRoutes(people, port, audit),
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
        const body = await people.createToken(name, scopes);
        const by = request.principal?.name ?? UNKNOWN;
        const detail = `${body.id}: ${scopes.join(", ")}`;
        audit.done("token-created", { subject: name, by, address: request.address, detail });
        return { status: 201, body };
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
      handle: async ({ address, params: { id = "" }, principal }) => {
        const name = people.tokens().find((token) => token.id === id)?.name ?? id;
        if (!(await people.revokeToken(id))) return problem(404, "unknown-token", "There is no such token.");
        audit.done("token-revoked", { subject: name, by: principal?.name ?? UNKNOWN, address, detail: id });
        return { status: 204 };
      },
    },
  ];
}

/** What other programs of this machine ask for: LuCI, and the command line. */
function ticketRoutes(people: People, port: () => number, audit: AccountAudit): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/setup/code",
      operationId: "openSetup",
      summary: "A new one-time code for the first administrator; the one before is void",
      tag: "Account",
      scope: "local",
      answer: { status: 200, description: "The code, or that it is not needed.", schema: SetupCodeView },
      handle: ({ address }) => {
        const code = people.openSetup();
        if (code !== undefined) audit.done("setup-opened", { subject: "set-up", by: "local", address });
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
        const { address } = request;
        audit.done("signed-in", {
          subject: visitor.name,
          by: visitor.name,
          address,
          detail: "with a ticket",
        });
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
