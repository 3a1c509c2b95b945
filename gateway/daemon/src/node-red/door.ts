import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import type { Clock, Log, ModuleStatus } from "@tram/core";
import { request as httpRequest } from "../http/node-http.ts";
import { writeReply } from "../http/reply.ts";
import type { ProblemReply } from "../http/route.ts";
import type { Upgrade } from "../http/server.ts";
import type { People } from "../people/people.ts";
import { admission } from "./admission.ts";
import { requestHeaders, responseHeaders } from "./forward-headers.ts";
import { NODE_RED_ROOT } from "./path.ts";
import { refusal } from "./waiting-page.ts";

/** How often open editors are asked whether their person may still be there. In milliseconds. */
const RECHECK_MS = 60_000;

/** Editors that may be open at once. */
const MAX_EDITORS = 20;

/**
 * The editor puts the scripts and styles of its nodes into the page as text, so its pages need `unsafe-inline`, which
 * the gateway's own never get. Nothing may come from, or go to, another host.
 */
const EDITOR_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  // With `no-referrer`, forms of the editor would send `Origin: null`, and be refused.
  "Referrer-Policy": "same-origin",
  "X-Frame-Options": "DENY",
};

/** It ended a moment ago, and the supervisor has not heard of it yet. */
const SILENT: ProblemReply = {
  status: 503,
  code: "unavailable",
  detail: "Node-RED does not answer.",
  retryAfterS: 3,
};

export interface DoorParts {
  readonly people: People;
  readonly clock: Clock;
  readonly log: Log;
  /** Unix socket that Node-RED listens on. */
  readonly socket: string;
  /** How Node-RED is. */
  readonly status: () => ModuleStatus | undefined;
}

/** The way to Node-RED's editor: for administrators, through the gateway, and through nothing else. */
export class NodeRedDoor {
  readonly #parts: DoorParts;
  readonly #editors = new Map<Socket, () => boolean>();
  readonly #recheck: Disposable;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#recheck = parts.clock.every(RECHECK_MS, () => this.recheck());
  }

  /** Answers a request below `/node-red/`. `local`: over the gateway's own Unix socket. */
  answer(request: IncomingMessage, response: ServerResponse, local: boolean): void {
    const head = request.method === "HEAD";
    const refuse = (problem: ProblemReply): void => {
      const headers = { "Cache-Control": "no-store" };
      if (!response.headersSent) writeReply(response, refusal(problem, request.headers), { head, headers });
    };
    const { denied } = admission(request, this.#parts.people, local);
    const problem = denied ?? this.#unavailable();
    if (problem !== undefined) {
      refuse(problem);
      return;
    }
    if (request.url?.split("?")[0] === NODE_RED_ROOT.slice(0, -1)) {
      writeReply(response, { status: 308, headers: { Location: NODE_RED_ROOT } }, { head });
      return;
    }
    const forwarded = this.#forward(request, requestHeaders(request.headers));
    if (forwarded === undefined) {
      refuse({ status: 400, code: "bad-path", detail: "The path is not one that HTTP allows." });
      return;
    }
    forwarded.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, { ...responseHeaders(answer.headers), ...EDITOR_HEADERS });
      // Whatever breaks off on one side ends the other.
      pipeline(answer, response, () => undefined);
    });
    forwarded.on("error", (error) => {
      this.#parts.log.debug({ reason: error.message }, "Node-RED did not answer");
      if (response.headersSent) response.destroy();
      else refuse(this.#unavailable() ?? SILENT);
    });
    response.once("close", () => forwarded.destroy());
    request.pipe(forwarded);
  }

  /** Takes the WebSocket over which the editor is told what happens. */
  readonly upgrade: Upgrade = (request, socket, head, local) => {
    const end = (status: string): void => void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    const { denied, stillAllowed } = admission(request, this.#parts.people, local);
    if (request.url?.split("?")[0] !== `${NODE_RED_ROOT}comms`) return end("404 Not Found");
    if (denied?.status === 401) return end("401 Unauthorized");
    if (denied !== undefined) return end("403 Forbidden");
    if (this.#editors.size >= MAX_EDITORS || this.#unavailable() !== undefined) {
      return end("503 Service Unavailable");
    }
    const forwarded = this.#forward(request, {
      ...requestHeaders(request.headers),
      connection: "Upgrade",
      upgrade: "websocket",
    });
    if (forwarded === undefined) return end("400 Bad Request");
    this.#editors.set(socket, stillAllowed);
    socket.once("close", () => {
      this.#editors.delete(socket);
      forwarded.destroy();
    });
    forwarded.on("error", () => end("503 Service Unavailable"));
    forwarded.once("response", () => {
      end("502 Bad Gateway"); // It did not want the upgrade.
      forwarded.destroy();
    });
    forwarded.once("upgrade", (answer, upstream, rest) => {
      const accepted = Object.entries(answer.headers).filter(([name]) => name.startsWith("sec-websocket-"));
      const lines = accepted.map(([name, value]) => `${name}: ${String(value)}\r\n`).join("");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines}\r\n`,
      );
      if (rest.length > 0) socket.write(rest);
      if (head.length > 0) upstream.write(head);
      pipeline(upstream, socket, () => undefined);
      pipeline(socket, upstream, () => undefined);
    });
    forwarded.end();
  };

  /** Ends the connections of those who lost their rights. */
  recheck(): void {
    for (const [socket, stillAllowed] of this.#editors) if (!stillAllowed()) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.#recheck[Symbol.dispose]();
    for (const socket of this.#editors.keys()) socket.destroy();
  }

  #forward(
    { method, url }: IncomingMessage,
    headers: ReturnType<typeof requestHeaders>,
  ): ClientRequest | undefined {
    try {
      return httpRequest({ socketPath: this.#parts.socket, method, path: url, headers, agent: false });
    } catch {
      return undefined; // A character in the path that must not be in one.
    }
  }

  #unavailable(): ProblemReply | undefined {
    const status = this.#parts.status();
    if (status?.state === "up" || status?.state === "degraded") return undefined;
    const why = status?.reason === undefined ? "" : ` Last: ${status.reason}.`;
    if (status === undefined || status.state === "opening") {
      return { status: 503, code: "starting", detail: `Node-RED is starting.${why}`, retryAfterS: 3 };
    }
    return { status: 503, code: "unavailable", detail: `Node-RED does not run.${why}`, retryAfterS: 10 };
  }
}
