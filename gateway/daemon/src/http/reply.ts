import type { ServerResponse } from "node:http";
import { PRODUCT } from "@tram/protocol";
import { problemTitle } from "./problem-title.ts";
import type { ProblemReply } from "./route.ts";

/** An answer, before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Writes and ends the body instead. */
  readonly write?: (response: ServerResponse) => void;
}

export function jsonReply(status: number, body: unknown, headers: Reply["headers"] = {}): Reply {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

export function textReply(status: number, text: string): Reply {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: text };
}

/** RFC 9457. */
export function problemReply(reply: ProblemReply): Reply {
  const { retryAfterS, ...rest } = reply;
  const body = {
    type: `urn:${PRODUCT.name}:problem:${reply.code}`,
    title: problemTitle(reply.status),
    ...rest,
  };
  const headers = {
    "Content-Type": "application/problem+json",
    // RFC 9110 §15.5.2: a 401 names a way to come in. Browsers ask nobody for this one.
    ...(reply.status === 401 ? { "WWW-Authenticate": `Bearer realm="${PRODUCT.name}"` } : {}),
    ...(retryAfterS === undefined ? {} : { "Retry-After": String(retryAfterS) }),
  };
  return { status: reply.status, headers, body: JSON.stringify(body) };
}

/** No inline code, no framing, nothing from elsewhere; the live socket is same-origin. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
};

/** Writes an answer. `HEAD` gets the headers alone (RFC 9110 §9.3.2). */
export function writeReply(
  response: ServerResponse,
  reply: Reply,
  options: { readonly head: boolean; readonly headers?: Readonly<Record<string, string>> },
): void {
  if (reply.write !== undefined) {
    response.writeHead(reply.status, { ...SECURITY_HEADERS, ...options.headers, ...reply.headers });
    if (options.head) response.end();
    else reply.write(response);
    return;
  }
  const length = reply.body === undefined ? 0 : Buffer.byteLength(reply.body);
  response.writeHead(reply.status, {
    ...SECURITY_HEADERS,
    ...options.headers,
    ...reply.headers,
    ...(reply.status === 204 ? {} : { "Content-Length": String(length) }),
  });
  response.end(options.head ? undefined : reply.body);
}
