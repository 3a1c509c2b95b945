import type { IncomingMessage } from "node:http";
import type { identify } from "../http/app.ts";
import { servesHost } from "../http/names.ts";
import type { Upgrade } from "../http/server.ts";
import type { LiveHub } from "./live-hub.ts";

type Credentials = Parameters<typeof identify>[0];

/**
 * Lets watchers in at `/ws`. A browser of another origin is turned away (RFC 6455 §10.2): it would bring the cookie
 * along without the user knowing.
 */
export function liveUpgrade(
  hub: LiveHub,
  identifyCaller: (credentials: Credentials) => ReturnType<typeof identify>,
  options: { readonly cookieName: string; readonly hosts: readonly string[] },
): Upgrade {
  const { cookieName, hosts } = options;
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
      session: cookieOf(request, cookieName),
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

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value;
  }
  return undefined;
}
