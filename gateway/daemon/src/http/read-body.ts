import type { IncomingMessage } from "node:http";
import type { Json } from "@tram/protocol";
import type { ProblemReply } from "./route.ts";

/** Largest request body, unless a route takes more. In bytes. */
export const BODY_LIMIT = 262_144;
/** A body that is too large is still read so far, so that its sender gets to see the answer. In bytes. */
const DRAIN_LIMIT = 4_194_304;

export type JsonBody =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: ProblemReply };

/** Reads a JSON body of at most `limit` bytes; an empty one is `null`. */
export async function readJsonBody(request: IncomingMessage, limit = BODY_LIMIT): Promise<JsonBody> {
  const text = await readText(request, limit);
  if (text === undefined) return tooLarge(limit);
  if (text === "") return { ok: true, value: null };
  const type = request.headers["content-type"] ?? "application/json";
  if (!JSON_TYPE.test(type)) {
    const detail = `Expected application/json, found ${type}.`;
    return { ok: false, problem: { status: 415, code: "not-json", detail } };
  }
  return parseJson(text);
}

/** Reads a body of at most `limit` bytes: one that says it is JSON as its value, any other as text; an empty one is `null`. */
export async function readAnyBody(request: IncomingMessage, limit = BODY_LIMIT): Promise<JsonBody> {
  const text = await readText(request, limit);
  if (text === undefined) return tooLarge(limit);
  if (text === "") return { ok: true, value: null };
  return JSON_TYPE.test(request.headers["content-type"] ?? "") ? parseJson(text) : { ok: true, value: text };
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

function parseJson(text: string): JsonBody {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    // V8 quotes what stands around the fault, and that may be a password.
    const reason = (error as Error).message.replace(/, (?:\.\.\.)?".*$/s, "");
    const detail = `The body is not JSON: ${reason}`;
    return { ok: false, problem: { status: 400, code: "bad-json", detail } };
  }
}

function tooLarge(limit: number): JsonBody {
  const detail = `Expected at most ${limit} bytes.`;
  return { ok: false, problem: { status: 413, code: "too-large", detail } };
}

/**
 * Reads a body of at most `limit` bytes.
 * @returns `undefined` when it is larger.
 * @throws when the client breaks off.
 */
export async function readText(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left open at the break: the sender must get to read the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
    if (size > DRAIN_LIMIT) break;
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString("utf8");
}
