import type { ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { PRODUCT } from "@tram/protocol";
import { problemTitle } from "./problem-title.ts";
import type { ProblemReply, ReplyStream } from "./route.ts";

/** What is streamed holds a transaction for reading open. In milliseconds. */
const LONGEST_STREAM_MS = 600_000;

/** An answer, before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable | ReplyStream;
  /** Writes and ends the body instead. */
  readonly write?: (response: ServerResponse) => void;
}

export function jsonReply(status: number, body: unknown, headers: Reply["headers"] = {}): Reply {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** A file to keep, whose length nobody knows before. */
export function fileReply(media: string, name: string, file: Readable): Reply {
  const headers = { "Content-Type": media, "Content-Disposition": `attachment; filename="${name}"` };
  return { status: 200, headers, body: file };
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

/**
 * Writes an answer. `HEAD` gets the headers alone (RFC 9110 §9.3.2).
 * @param options.onBroken told when a file could not be read to its end: the connection is cut then, which is how the
 * other side knows (RFC 9112 §8).
 */
export function writeReply(
  response: ServerResponse,
  reply: Reply,
  options: {
    readonly head: boolean;
    readonly headers?: Readonly<Record<string, string>>;
    readonly onBroken?: (error: Error) => void;
  },
): void {
  const { body } = reply;
  const headers = { ...SECURITY_HEADERS, ...options.headers, ...reply.headers };
  if (reply.write !== undefined) {
    response.writeHead(reply.status, headers);
    if (options.head) response.end();
    else reply.write(response);
    return;
  }
  if (body instanceof Readable) {
    response.writeHead(reply.status, headers);
    pipeline(body, response, (error) => error && options.onBroken?.(error));
    return;
  }
  if (isStream(body)) {
    response.writeHead(reply.status, headers);
    if (options.head) {
      body.end();
      response.end();
    } else writeStream(response, body);
    return;
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  response.writeHead(reply.status, {
    ...headers,
    ...(reply.status === 204 ? {} : { "Content-Length": String(length) }),
  });
  response.end(options.head ? undefined : body);
}

function isStream(body: Reply["body"]): body is ReplyStream {
  return typeof body === "object" && Symbol.asyncIterator in body;
}

/** As fast as the client takes it. One that breaks off, or takes too long, ends it; what breaks inside shows as a cut. */
function writeStream(response: ServerResponse, body: ReplyStream): void {
  const limit = setTimeout(() => response.destroy(), LONGEST_STREAM_MS);
  pipeline(Readable.from(body), response, () => {
    clearTimeout(limit);
    body.end();
  });
}
