import { createWriteStream, existsSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
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
   * Reads an answer of lines as it comes, no faster than they are taken.
   * @throws {CommandFailed} as `call` does.
   */
  async *lines(path: string): AsyncGenerator<string> {
    const response = await this.#open(path);
    if (response.statusCode !== 200) {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
      throw new CommandFailed(refusal(readAnswer(response.statusCode ?? 0, response.headers, text)));
    }
    try {
      yield* createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
    } finally {
      response.destroy();
    }
    if (!response.complete) throw new CommandFailed("the gateway broke off");
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

  /**
   * Asks for a file and writes it, for its owner alone.
   * @param to is made new.
   * @throws {CommandFailed} with the gateway's own words when it refuses, or when not all of it came.
   */
  download(path: string, body: Json, to: string): Promise<void> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const call = httpRequest(
        { socketPath: this.#socketPath, method: "POST", path, headers },
        (response) => {
          const { headers: found, statusCode: status = 0 } = response;
          if (status >= 400) {
            readWhole(response)
              .then((answer) => reject(new CommandFailed(refusal(readAnswer(status, found, answer)))))
              .catch(reject);
            return;
          }
          rmSync(to, { force: true });
          pipeline(response, createWriteStream(to, { mode: 0o600, flags: "wx" })).then(
            resolve,
            (error: Error) => reject(new CommandFailed(`${to}: not all of it was written: ${error.message}`)),
          );
        },
      );
      call.on("error", (error: NodeJS.ErrnoException) => reject(new CommandFailed(this.#unreachable(error))));
      call.end(text);
    });
  }

  /**
   * Copies what the API answers, as it comes.
   * @throws {CommandFailed} when the gateway refuses, breaks off, or the place to write to fails.
   */
  copy(path: string, to: NodeJS.WritableStream): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = httpRequest({ socketPath: this.#socketPath, method: "GET", path }, (response) => {
        if (response.statusCode === 200) {
          pipeline(response, to).then(resolve, (error: Error) =>
            reject(new CommandFailed(`it broke off: ${error.message}`)),
          );
          return;
        }
        const { headers: found, statusCode: status = 0 } = response;
        readWhole(response)
          .then((text) => reject(new CommandFailed(refusal(readAnswer(status, found, text)))))
          .catch(reject);
      });
      call.on("error", (error: NodeJS.ErrnoException) => reject(new CommandFailed(this.#unreachable(error))));
      call.end();
    });
  }

  /** Opens the live socket. */
  live(): WebSocket {
    return new WebSocket(`ws+unix:${this.#socketPath}:/ws`);
  }

  #open(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = httpRequest({ socketPath: this.#socketPath, path }, resolve);
      call.on("error", (error: NodeJS.ErrnoException) => reject(new CommandFailed(this.#unreachable(error))));
      call.end();
    });
  }

  #unreachable(error: NodeJS.ErrnoException): string {
    if (error.code === "EACCES") return `this user may not use ${this.#socketPath}`;
    const hint = `is it running? ${PRODUCT.environmentPrefix}_DATA or --data names its data folder`;
    return `no gateway answers at ${this.#socketPath} (${error.code ?? error.message}): ${hint}`;
  }
}

async function readWhole(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
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
