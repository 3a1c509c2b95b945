import type { IncomingMessage } from "node:http";
import type { Clock } from "@tram/core";
import { type Json, type Ms, PRODUCT } from "@tram/protocol";

/** Largest answer that is read. In bytes. */
export const ANSWER_LIMIT = 65_536;
const MOST_REDIRECTS = 5;
/** They frame the message, or speak for somebody else: the client's own business (RFC 9110 §7.6.1, §10.1.1). */
const RESERVED_HEADERS =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/i;
/** What stays of the headers when another host is asked: the others may be a key of the first. */
const HARMLESS_HEADERS = /^(?:accept|accept-language|content-type|user-agent)$/i;

export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For all of it, redirects included. */
  readonly timeoutMs: Ms;
}

export interface HttpAnswer {
  readonly status: number;
  /** Parsed where it says that it is JSON; `null` of one that is empty. */
  readonly body: Json;
}

/** Why there is no answer. `detail` tells no more of the URL than its host. */
export class HttpFault extends Error {
  readonly code: "refused" | "failed" | "timeout";
  constructor(code: HttpFault["code"], detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "HttpFault";
    this.code = code;
  }
}

export interface HttpContext {
  readonly clock: Clock;
  /** Why a URL may not be called; asked for each redirect too. */
  readonly refusal: (url: URL) => string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Makes one HTTP request. Certificates are verified. A connection for each: nothing stays open.
 * @throws {HttpFault}
 */
export async function callHttp(request: HttpRequest, context: HttpContext): Promise<HttpAnswer> {
  const { clock, signal } = context;
  const patience = new AbortController();
  const late = clock.after(request.timeoutMs, () => patience.abort());
  const either = AbortSignal.any([signal, patience.signal]);
  try {
    return await follow(request, context, either);
  } catch (error) {
    if (patience.signal.aborted) throw new HttpFault("timeout", `no answer within ${request.timeoutMs} ms`);
    if (error instanceof HttpFault) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new HttpFault(
      "failed",
      code === undefined || message.includes(code) ? message : `${code}: ${message}`,
      {
        cause: error,
      },
    );
  } finally {
    late[Symbol.dispose]();
  }
}

async function follow(
  request: HttpRequest,
  { refusal }: HttpContext,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  let next: HttpRequest = { ...request, headers: checkedHeaders(request) };
  for (let redirects = 0; ; redirects++) {
    const url = URL.parse(next.url);
    if (url === null) throw new HttpFault("refused", "expected an absolute URL");
    const problem = refusal(url);
    if (problem !== undefined)
      throw new HttpFault("refused", redirects === 0 ? problem : `redirected: ${problem}`);
    const response = await open(url, next, signal);
    const { headers, statusCode: status = 0 } = response;
    const { location } = headers;
    if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) {
      return { status, body: await bodyOf(response) };
    }
    response.destroy();
    if (redirects === MOST_REDIRECTS)
      throw new HttpFault("failed", `redirected more than ${redirects} times`);
    next = redirected(next, { from: url, to: location, status });
  }
}

function checkedHeaders({ body, headers }: HttpRequest): Record<string, string> {
  const names = Object.keys(headers);
  const reserved = names.find((name) => RESERVED_HEADERS.test(name));
  if (reserved !== undefined)
    throw new HttpFault("refused", `the header ${reserved} is not the rule's to set`);
  const has = (name: string) => names.some((one) => one.toLowerCase() === name);
  const type = /^\s*[[{]/.test(body ?? "") ? "application/json" : "text/plain; charset=utf-8";
  return {
    ...headers,
    ...(has("user-agent") ? {} : { "user-agent": `${PRODUCT.name}/${PRODUCT.version}` }),
    ...(body === undefined || has("content-type") ? {} : { "content-type": type }),
  };
}

/** As browsers do it (Fetch §4.4 "HTTP-redirect fetch"), but never from https to http. */
function redirected(
  { body, headers, method, ...rest }: HttpRequest,
  { from, status, to }: { readonly from: URL; readonly to: string; readonly status: number },
): HttpRequest {
  const url = URL.parse(to, from.href);
  if (url === null) throw new HttpFault("failed", "redirected to what is no URL");
  if (from.protocol === "https:" && url.protocol !== "https:") {
    throw new HttpFault("refused", "redirected from https to http");
  }
  const kept = Object.entries(headers).filter(
    ([name]) => url.origin === from.origin || HARMLESS_HEADERS.test(name),
  );
  const asGet = status === 303 ? method !== "HEAD" : status < 303 && method === "POST";
  return {
    ...rest,
    url: url.href,
    method: asGet ? "GET" : method,
    headers: Object.fromEntries(asGet ? kept.filter(([name]) => !/^content-/i.test(name)) : kept),
    ...(asGet || body === undefined ? {} : { body }),
  };
}

async function open(
  url: URL,
  { body, headers, method }: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    const framed = body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) };
    const call = request(url, { method, headers: framed, signal, agent: false }, resolve);
    call.on("error", reject);
    call.end(body);
  });
}

async function bodyOf(response: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_LIMIT) throw new HttpFault("failed", `the answer has more than ${ANSWER_LIMIT} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text === "") return null;
  if (!/[/+]json\b/i.test(response.headers["content-type"] ?? "")) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // It is not what it says; the rule sees the text.
  }
}
