import { type Caller, type Credentials, cookieOf, SESSION_COOKIE } from "../http/authorise.ts";
import { fromOwnOrigin } from "../http/own-origin.ts";
import type { Upgrade } from "../http/server.ts";
import type { LiveHub } from "./live-hub.ts";

/** Where watchers come in. */
export const LIVE_PATH = "/ws";

/**
 * Lets watchers in. A browser of another origin is turned away (RFC 6455 §10.2): it would bring the cookie along without
 * the user knowing.
 */
export function liveUpgrade(hub: LiveHub, identifyCaller: (credentials: Credentials) => Caller): Upgrade {
  return (request, socket, head, local) => {
    if (!local && fromOwnOrigin(request.headers) === false) {
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
