import type { IncomingMessage } from "node:http";
import { type Caller, type Credentials, cookieOf, SESSION_COOKIE } from "../http/authorise.ts";
import { servesHost } from "../http/names.ts";
import type { Upgrade } from "../http/server.ts";
import type { LiveHub } from "./live-hub.ts";

/**
 * Lets watchers in at `/ws`. A browser of another origin is turned away (RFC 6455 §10.2): it would bring the cookie
 * along without the user knowing.
 */
export function liveUpgrade(
  hub: LiveHub,
  identifyCaller: (credentials: Credentials) => Caller,
  hosts: readonly string[],
): Upgrade {
  return (request, socket, head, local) => {
    const { pathname } = new URL(request.url ?? "/", "http://gateway");
    if (pathname !== "/ws") {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    if (!local && (!servesHost(request.headers.host, hosts) || !sameOrigin(request))) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    const credentials: Credentials = {
      authorization: request.headers.authorization,
      session: cookieOf(request.headers.cookie, SESSION_COOKIE),
      local,
    };
    const allowed = (): boolean => identifyCaller(credentials).principal?.scopes.includes("read") === true;
    hub.upgrade(request, socket, head, allowed() ? allowed : undefined);
  };
}

function sameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true; // Not a browser.
  try {
    return new URL(origin).host === host;
  } catch {
    return false; // `null` and other opaque origins are not ours.
  }
}
