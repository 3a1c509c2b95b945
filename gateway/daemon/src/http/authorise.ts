import { PRODUCT } from "@tram/protocol";
import type { People, Principal } from "../people/people.ts";
import type { ProblemReply, Route } from "./route.ts";

export const SESSION_COOKIE = `${PRODUCT.name}_session`;

/** The header that marks a change as the web UI's own. */
export const MARK_HEADER = `x-${PRODUCT.name}-request`;

export const LOCAL_PRINCIPAL: Principal = { name: "local", scopes: ["read", "control", "admin"] };

/** What a request brings to show who it is. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** The session cookie's secret. */
  readonly session: string | undefined;
  /** It came over the Unix socket, where the file's permission decides. */
  readonly local: boolean;
}

export interface Caller {
  readonly principal: Principal | undefined;
  readonly by: "socket" | "token" | "session" | "nobody";
}

/**
 * Who calls: with a token, over the Unix socket, or with a session. A token counts over the socket too: whoever passes
 * a page's requests on (LuCI) does so with the page's rights and name, not with those of the socket.
 */
export function identify({ authorization, session, local }: Credentials, people: People): Caller {
  if (local && authorization === undefined) return { principal: LOCAL_PRINCIPAL, by: "socket" };
  const token = /^Bearer ([A-Za-z0-9_-]{20,64})$/i.exec(authorization ?? "")?.[1];
  if (token !== undefined) return { principal: people.byToken(token), by: "token" };
  if (session !== undefined && session !== "") {
    return { principal: people.bySession(session), by: "session" };
  }
  return { principal: undefined, by: "nobody" };
}

/** What is in the way of a call, if anything. */
export function denial(
  route: Pick<Route, "method" | "scope" | "fromElsewhere">,
  { principal, by }: Caller,
  header: (name: string) => string | undefined,
): ProblemReply | undefined {
  return missingRight(route.scope, principal, by) ?? forgery(route, by, header);
}

function missingRight(
  scope: Route["scope"],
  principal: Principal | undefined,
  by: Caller["by"],
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
    if (by === "socket") return undefined;
    return { status: 403, code: "local-only", detail: "This is for programs of the gateway's own machine." };
  }
  if (principal.scopes.includes(scope)) return undefined;
  return { status: 403, code: "scope-missing", detail: `This needs the scope ${scope}.` };
}

/**
 * Refuses changes that another page made the browser send. A page of another origin cannot set the header without a
 * CORS preflight, which is never granted with the cookie; the browser's own word (Fetch Metadata) is checked on top.
 */
function forgery(
  route: Pick<Route, "method" | "fromElsewhere">,
  by: Caller["by"],
  header: (name: string) => string | undefined,
): ProblemReply | undefined {
  if (route.method === "get" || by === "socket" || by === "token" || route.fromElsewhere) return undefined;
  const site = header("sec-fetch-site");
  const marked = header(MARK_HEADER) !== undefined;
  if (marked && (site === undefined || site === "same-origin" || site === "none")) return undefined;
  return {
    status: 403,
    code: "forged",
    detail: "A change needs the header X-Tram-Request and the gateway's own page.",
  };
}

/** The value of a cookie in a `Cookie` header (RFC 6265 §5.4). */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
