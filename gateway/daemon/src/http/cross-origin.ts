import { PRODUCT } from "@tram/protocol";
import type { Context, Next } from "hono";
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
 */
export async function allowNeighbours(context: Context, next: Next): Promise<Response | undefined> {
  const origin = context.req.header("origin");
  const host = context.req.header("host");
  if (origin === undefined || !isNeighbour(origin, host)) {
    await next();
    return undefined;
  }
  const headers = { "Access-Control-Allow-Origin": origin, Vary: "Origin" };
  if (context.req.method === "OPTIONS") {
    return context.body(null, 204, {
      ...headers,
      "Access-Control-Allow-Methods": "GET, PUT, POST, DELETE",
      "Access-Control-Allow-Headers": `authorization, content-type, x-${PRODUCT.name}-request`,
      "Access-Control-Max-Age": "600",
    });
  }
  await next();
  for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  context.res.headers.set("Access-Control-Expose-Headers", "Location, Retry-After");
  return undefined;
}
