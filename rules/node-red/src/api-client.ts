import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Address } from "./address.ts";
import { fields, short, text } from "./outside.ts";
import type { Timers } from "./timers.ts";

/** How long the gateway may take to answer. In milliseconds. */
const ANSWER_MS = 15_000;
/** No answer that nodes ask for is longer. In bytes. */
const LONGEST_ANSWER = 1_048_576;
const SOCKETS = 8;

export type Answer =
  | { readonly ok: true; readonly status: number; readonly body: unknown; readonly location?: string }
  /** `passing`: the same request may go well later. */
  | {
      readonly ok: false;
      readonly passing: boolean;
      readonly code: string;
      readonly reason: string;
      /** Missing where there was no answer: whether the gateway heard of it is not known then. */
      readonly status?: number;
    };

/** Statuses of a gateway, or of a proxy before it, that pass: RFC 9110 §15.5.9, §15.6, RFC 6585 §4. */
const PASSING = new Set([408, 429, 502, 503, 504]);

export interface Call {
  readonly body?: unknown;
  /** The same request once more is the same command. */
  readonly key?: string;
  /** How long the gateway may take to answer, if not as long as usual. In milliseconds. */
  readonly withinMs?: number;
}

/** The gateway's HTTP API. It follows no redirect: the token is for this gateway alone. */
export class ApiClient implements Disposable {
  readonly #address: Address;
  readonly #token: string;
  readonly #agent: HttpAgent;
  readonly #timers: Timers;
  readonly #under = new Set<ClientRequest>();
  #closed = false;

  constructor(parts: { address: Address; token: string; ca?: string; timers: Timers }) {
    const { address, token, ca, timers } = parts;
    this.#address = address;
    this.#token = token;
    this.#timers = timers;
    const options = { keepAlive: true, maxSockets: SOCKETS };
    this.#agent = address.secure
      ? new HttpsAgent({ ...options, ...(ca === undefined ? {} : { ca }) })
      : new HttpAgent(options);
  }

  /** @param path beginning with a slash, its parts encoded. Never rejects. */
  call(
    method: "GET" | "PUT" | "POST",
    path: string,
    { body, key, withinMs = ANSWER_MS }: Call = {},
  ): Promise<Answer> {
    const written = body === undefined ? undefined : JSON.stringify(body);
    if (this.#closed) return Promise.resolve(failure(new Error("closed")));
    const send = this.#address.secure ? httpsRequest : httpRequest;
    const request = send(`${this.#address.http}${path}`, {
      method,
      agent: this.#agent,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${this.#token}`,
        ...(key === undefined ? {} : { "idempotency-key": key }),
        ...(written === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(written) }),
      },
    });
    this.#under.add(request);
    const patience = this.#timers.after(withinMs, () => {
      request.destroy(new Error(`the gateway did not answer within ${withinMs / 1_000} s`));
    });
    return new Promise<Answer>((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => resolve(failure(error));
      request.on("error", failed);
      request.on("response", (response) => {
        readWhole(response).then(
          (whole) => resolve(whole === undefined ? TOO_LONG : answerOf(response, whole)),
          failed,
        );
      });
      request.end(written);
    }).finally(() => {
      patience[Symbol.dispose]();
      this.#under.delete(request);
    });
  }

  /** Ends what is under way. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const request of this.#under) request.destroy();
    this.#agent.destroy();
  }
}

function failure(error: NodeJS.ErrnoException): Answer {
  const reason = short(error.message, 200) || "the gateway cannot be reached";
  return { ok: false, passing: true, code: error.code ?? "unreachable", reason };
}

const TOO_LONG: Answer = { ok: false, passing: false, code: "too-long", reason: "the answer was too long" };

async function readWhole(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_ANSWER) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function answerOf({ statusCode: status = 0, headers }: IncomingMessage, whole: string): Answer {
  const json = /[/+]json\b/.test(headers["content-type"] ?? "");
  let body: unknown;
  try {
    body = json && whole !== "" ? JSON.parse(whole) : undefined;
  } catch {
    return { ok: false, passing: false, status, code: "not-understood", reason: "the answer is no JSON" };
  }
  if (status >= 200 && status < 300) {
    const { location } = headers;
    return { ok: true, status, body, ...(location === undefined ? {} : { location }) };
  }
  const problem = fields(body) ?? {};
  return {
    ok: false,
    passing: PASSING.has(status),
    status,
    code: short(text(problem.code) ?? `http-${status}`, 64),
    reason: short(text(problem.detail) ?? text(problem.title) ?? `the gateway answered ${status}`, 300),
  };
}
