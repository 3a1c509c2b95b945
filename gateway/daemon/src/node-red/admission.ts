import type { IncomingMessage } from "node:http";
import { cookieOf, identify, SESSION_COOKIE } from "../http/authorise.ts";
import { fromOwnOrigin } from "../http/own-origin.ts";
import type { ProblemReply } from "../http/route.ts";
import type { People } from "../people/people.ts";

/** What came to the door: who sent it, and what is in the way. */
export interface Admission {
  /** Absent when the caller may come in. */
  readonly denied?: ProblemReply;
  /** Whether the caller still may, for connections that stay. */
  readonly stillAllowed: () => boolean;
}

/**
 * Lets administrators in, and nobody else: whoever can deploy a flow can run any program as the gateway's user.
 *
 * The editor is not ours and cannot send `X-Tram-Request` with its changes, which is what protects the rest of the API
 * from forgery. The cookie alone proves nothing here: it is SameSite=Strict, but a page on another port of the same
 * host (LuCI, a camera's page behind it) is the same site, and browsers send it the cookie. So a request that the
 * cookie authenticates must come from a page of the gateway's very origin:
 * - a change or a WebSocket needs an `Origin` that is ours. Browsers send it with both, whatever the page wants, and
 *   over plain HTTP too; scripts cannot set it (Fetch Standard, forbidden request-header).
 * - `Sec-Fetch-Site`, which browsers add on secure origins, must not contradict. It also keeps other pages from loading
 *   the editor's scripts and data; only a person who follows a link may come from elsewhere.
 * A token in `Authorization` is no such case: no browser adds it by itself.
 */
export function admission(request: IncomingMessage, people: People, local: boolean): Admission {
  const { headers } = request;
  const credentials = {
    authorization: headers.authorization,
    session: cookieOf(headers.cookie, SESSION_COOKIE),
    local,
  };
  const stillAllowed = (): boolean =>
    identify(credentials, people).principal?.scopes.includes("admin") === true;
  const { principal, by } = identify(credentials, people);
  if (principal === undefined) {
    const detail = "Sign in to the gateway first, as an administrator.";
    return { denied: { status: 401, code: "sign-in-needed", detail }, stillAllowed };
  }
  if (!principal.scopes.includes("admin")) {
    const detail = "Node-RED is for administrators: this needs the scope admin.";
    return { denied: { status: 403, code: "scope-missing", detail }, stillAllowed };
  }
  if (by === "session" && isForged(request)) {
    const detail = "This came from a page that is not the gateway's own.";
    return { denied: { status: 403, code: "forged", detail }, stillAllowed };
  }
  return { stillAllowed };
}

function isForged({ method = "GET", headers }: IncomingMessage): boolean {
  const own = fromOwnOrigin(headers);
  if (own === false) return true;
  const site = headers["sec-fetch-site"];
  const reads = (method === "GET" || method === "HEAD") && headers.upgrade === undefined;
  if (!reads) return own !== true || (site !== undefined && site !== "same-origin");
  if (site === undefined || site === "same-origin" || site === "none") return false;
  return !(headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document");
}
