import { existsSync } from "node:fs";
import { isJsonObject, type Json, PRODUCT, type Problem } from "@tram/protocol";
import WebSocket from "ws";
import { request as httpRequest } from "../http/node-http.ts";
import type { CommandContext } from "./command.ts";
import { findSocket } from "./find-socket.ts";
import { CommandFailed } from "./usage-error.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json;
}

/** Talks to the running gateway over its Unix socket. */
export class DaemonClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  static async of(context: CommandContext): Promise<DaemonClient> {
    return new DaemonClient(await findSocket(context));
  }

  /** True when a gateway seems to be there; it may still refuse. */
  get present(): boolean {
    return existsSync(this.#socketPath);
  }

  /** Reads from the API. `View` is what the path's schema says: both ends are of one version. */
  async get<View = Json>(path: string): Promise<View> {
    return (await this.call("GET", path)).body as View;
  }

  /**
   * Calls the API.
   * @throws {CommandFailed} with the gateway's own words when it refuses, or when nobody answers.
   */
  call(
    method: string,
    path: string,
    body?: Json,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const call = httpRequest(
        {
          socketPath: this.#socketPath,
          method,
          path,
          headers:
            text === undefined
              ? more
              : { ...more, "content-type": "application/json", "content-length": Buffer.byteLength(text) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const answer = readAnswer(
              response.statusCode ?? 0,
              response.headers,
              Buffer.concat(chunks).toString("utf8"),
            );
            if (answer.status < 400) resolve(answer);
            else reject(new CommandFailed(refusal(answer)));
          });
          response.on("error", (error) =>
            reject(new CommandFailed(`the gateway broke off: ${error.message}`)),
          );
        },
      );
      call.on("error", (error: NodeJS.ErrnoException) => reject(new CommandFailed(this.#unreachable(error))));
      call.end(text);
    });
  }

  /** Opens the live socket. */
  live(): WebSocket {
    return new WebSocket(`ws+unix:${this.#socketPath}:/ws`);
  }

  #unreachable(error: NodeJS.ErrnoException): string {
    if (error.code === "EACCES") return `this user may not use ${this.#socketPath}`;
    const hint = `is it running? ${PRODUCT.environmentPrefix}_DATA or --data names its data folder`;
    return `no gateway answers at ${this.#socketPath} (${error.code ?? error.message}): ${hint}`;
  }
}

function readAnswer(status: number, headers: Answer["headers"], text: string): Answer {
  if (text === "") return { status, headers, body: null };
  try {
    return { status, headers, body: JSON.parse(text) as Json };
  } catch {
    throw new CommandFailed(`the gateway answered with something that is not JSON: ${text.slice(0, 80)}`);
  }
}

function refusal(answer: Answer): string {
  if (!isJsonObject(answer.body)) return `the gateway answered ${answer.status}`;
  const { detail, errors = [], title } = answer.body as unknown as Problem;
  // The detail tells the first of them.
  if (errors.length > 1) return errors.map(({ path, problem }) => `${path}: ${problem}`).join("\n");
  return detail ?? title;
}
