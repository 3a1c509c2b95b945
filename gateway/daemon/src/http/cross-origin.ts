import type { IncomingHttpHeaders } from "node:http";
import { MARK_HEADER } from "./authorise.ts";
import { isNeighbour, servesHost } from "./names.ts";
import type { ProblemReply } from "./route.ts";

/**
 * Refuses a name that is not the gateway's own (RFC 9110 §7.4: 421), before anything is looked at.
 * @returns the problem, or `undefined` when all is well.
 */
export function misdirected(host: string | undefined, names: readonly string[]): ProblemReply | undefined {
  if (servesHost(host, names)) return undefined;
  const detail = `This gateway is not called ${(host ?? "").slice(0, 80)}. Use its address, or name it under http.hosts.`;
  return { status: 421, code: "unknown-host", detail };
}

/**
 * Lets the pages of this machine's other web servers (LuCI) call the API (Fetch Standard, CORS protocol): with a token,
 * never with the cookie, for the answer does not allow credentials.
 * @returns the headers that let them; none for others.
 */
export function neighbourHeaders({ origin, host }: IncomingHttpHeaders): Readonly<Record<string, string>> {
  if (origin === undefined || !isNeighbour(origin, host)) return {};
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": "Location, Retry-After",
    Vary: "Origin",
  };
}

/** What a neighbour's preflight is answered with, besides. */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Methods": "GET, PUT, POST, DELETE",
  "Access-Control-Allow-Headers": `authorization, content-type, ${MARK_HEADER}`,
  "Access-Control-Max-Age": "600",
};
