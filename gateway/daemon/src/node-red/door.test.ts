import { mkdtempSync, rmSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModuleStatus } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { People, Principal } from "../people/people.ts";
import { NodeRedDoor } from "./door.ts";
import { NODE_RED_ID } from "./path.ts";

const ADMIN: Principal = { name: "minh", scopes: ["read", "control", "admin"] };
const TOKEN = "a".repeat(27);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let upstream: Server;
let gateway: Server;
let door: NodeRedDoor;
let clock: VirtualClock;
let state: ModuleStatus["state"];
let handler: (request: IncomingMessage, response: ServerResponse) => void;
let signedIn: boolean;
let port: number;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tram-door-"));
  const socket = join(folder, "node-red.sock");
  clock = new VirtualClock();
  state = "up";
  signedIn = true;
  handler = (request, response) => void response.end(JSON.stringify(request.headers));
  upstream = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => upstream.listen(socket, resolve));
  const people = {
    bySession: (session: string) => (signedIn && session === "good" ? ADMIN : undefined),
    byToken: (token: string) => (token === TOKEN ? ADMIN : undefined),
  } as unknown as People;
  const status = (): ModuleStatus => ({
    id: NODE_RED_ID,
    use: "",
    isolation: "child-process",
    state,
    reason: "<it> broke",
    since: 0,
    restarts: 0,
  });
  door = new NodeRedDoor({ people, clock, log: silent, socket, status });
  gateway = createServer((request, response) => door.answer(request, response, false));
  gateway.on("upgrade", (request, stream, head) => door.upgrade(request, stream as Socket, head, false));
  for (const server of [upstream, gateway]) {
    server.on("connection", (connection: Socket) => {
      sockets.add(connection);
      connection.once("close", () => sockets.delete(connection));
    });
  }
  port = await new Promise((resolve) => {
    gateway.listen(0, "127.0.0.1", () => resolve((gateway.address() as { port: number }).port));
  });
});
afterEach(async () => {
  door[Symbol.dispose]();
  for (const socket of sockets) socket.destroy();
  await Promise.all([upstream, gateway].map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true });
});

const bearer = { authorization: `Bearer ${TOKEN}` };
const cookie = { cookie: "other=1; tram_session=good" };

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

function ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("the way to Node-RED", () => {
  test("carries neither the session nor a token, nor what is of one hop", async () => {
    const { body } = await ask("GET", "/node-red/", {
      ...cookie,
      ...bearer,
      connection: "x-hop, close",
      "x-hop": "1",
      te: "trailers",
      "proxy-authorization": "Basic eDp5",
      "x-kept": "1",
    });
    const seen = JSON.parse(body) as Record<string, string>;
    expect(seen["x-kept"]).toBe("1");
    for (const name of ["cookie", "authorization", "x-hop", "te", "proxy-authorization"]) {
      expect(seen[name], name).toBeUndefined();
    }
  });

  test("lets no cookie, no CORS grant and no policy of Node-RED's own back", async () => {
    handler = (_request, response) => {
      response.writeHead(201, {
        "Set-Cookie": "tram_session=evil",
        "Access-Control-Allow-Origin": "*",
        "Content-Security-Policy": "default-src *",
        "X-Powered-By": "x",
        ETag: '"1"',
      });
      response.end("made");
    };
    const { status, headers, body } = await ask("GET", "/node-red/x", bearer);
    expect([status, body, headers.etag]).toEqual([201, "made", '"1"']);
    expect(headers["set-cookie"]).toBeUndefined();
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(headers["x-powered-by"]).toBeUndefined();
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'self'; script-src 'self' 'unsafe-inline';/,
    );
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  });

  test("streams both ways: the first half is there before the second is sent", async () => {
    const halves: string[] = [];
    handler = (request, response) => {
      request.setEncoding("utf8").on("data", (chunk: string) => {
        halves.push(chunk);
        response.write(`got ${chunk}`);
      });
      request.on("end", () => response.end());
    };
    const heard: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const sent = httpRequest(
        { host: "127.0.0.1", port, method: "POST", path: "/node-red/flows", headers: bearer },
        (answer) => {
          answer.setEncoding("utf8").on("data", (chunk: string) => {
            heard.push(chunk);
            if (heard.length === 1) sent.end("two");
          });
          answer.on("end", resolve);
        },
      );
      sent.on("error", reject);
      sent.write("one");
    });
    expect(halves).toEqual(["one", "two"]);
    expect(heard).toEqual(["got one", "got two"]);
  });

  test("a browser that goes away ends the request on the other side", async () => {
    const gone = new Promise<void>((resolve) => {
      handler = (_request, response) => {
        response.write("endless");
        response.once("close", resolve);
      };
    });
    const sent = httpRequest({ host: "127.0.0.1", port, path: "/node-red/", headers: bearer }, (answer) => {
      answer.once("data", () => sent.destroy());
    });
    sent.on("error", () => undefined);
    sent.end();
    await gone;
  });

  test("an answer that breaks off breaks off here too, and one that never begins is told", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setImmediate(() => response.destroy());
    };
    await expect(ask("GET", "/node-red/", bearer)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    handler = (request) => void request.socket.destroy();
    const { status, headers } = await ask("GET", "/node-red/", bearer);
    expect([status, headers["retry-after"]]).toEqual([503, "3"]);
  });

  test.each([
    ["opening", "starting", "is starting"],
    ["failed", "unavailable", "does not run"],
    ["stopped", "unavailable", "does not run"],
  ] as const)(
    "while it is %s there is a reason: a page for people, a problem for programs",
    async (now, code, text) => {
      state = now;
      const program = await ask("GET", "/node-red/flows", bearer);
      expect(JSON.parse(program.body)).toMatchObject({
        status: 503,
        code,
        detail: expect.stringContaining("<it> broke"),
      });
      const person = await ask("GET", "/node-red/", { ...bearer, accept: "text/html,*/*" });
      expect(person.status).toBe(503);
      expect(person.body).toContain(text);
      expect(person.body).toContain("&#60;it&#62; broke");
      expect(person.headers["content-security-policy"]).not.toContain("unsafe");
    },
  );

  test("a path without its slash leads on", async () => {
    const { status, headers } = await ask("GET", "/node-red", bearer);
    expect([status, headers.location]).toEqual([308, "/node-red/"]);
  });
});

/** Opens the editor's channel, as far as HTTP goes. */
function channel(headers: Record<string, string>): Promise<{ socket: Socket; answer: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.write(
      `GET /node-red/comms HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join("\r\n")}\r\n\r\n`,
    );
    socket.setEncoding("utf8").once("data", (answer: string) => resolve({ socket, answer }));
    socket.once("error", reject);
  });
}

describe("the editor's channel", () => {
  let far: Socket | undefined;
  let seen: IncomingMessage["headers"];
  beforeEach(() => {
    upstream.on("upgrade", (request: IncomingMessage, socket: Socket) => {
      seen = request.headers;
      far = socket;
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSet-Cookie: a=b\r\n\r\nhello",
      );
      socket.on("data", (bytes) => socket.write(bytes));
    });
  });

  test("goes both ways, without the session", async () => {
    const { socket, answer } = await channel({
      ...cookie,
      origin: `http://127.0.0.1:${port}`,
      "sec-websocket-key": "k",
    });
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/set-cookie/i);
    expect(seen).toMatchObject({ "sec-websocket-key": "k", upgrade: "websocket" });
    expect(seen.cookie).toBeUndefined();
    const echoed = new Promise((resolve) =>
      socket.on("data", (text: string) => text.includes("ping") && resolve(text)),
    );
    socket.write("ping");
    await echoed;
    const ended = new Promise((resolve) => socket.once("close", resolve));
    far?.destroy();
    await ended;
  });

  test("ends when the person signs out, and when the session runs out", async () => {
    const origin = `http://127.0.0.1:${port}`;
    const first = await channel({ ...cookie, origin });
    const ended = new Promise((resolve) => first.socket.once("close", resolve));
    door.recheck();
    signedIn = false;
    door.recheck();
    await ended;

    signedIn = true;
    const second = await channel({ ...cookie, origin });
    const later = new Promise((resolve) => second.socket.once("close", resolve));
    signedIn = false;
    await clock.advance(60_000);
    await later;
  });

  test("is closed to other pages and while Node-RED is away", async () => {
    const refused = async (headers: Record<string, string>): Promise<string> => {
      const { socket, answer } = await channel(headers);
      socket.destroy();
      return answer.split("\r\n")[0] ?? "";
    };
    expect(await refused(cookie)).toBe("HTTP/1.1 403 Forbidden");
    expect(await refused({ ...cookie, origin: "http://127.0.0.1" })).toBe("HTTP/1.1 403 Forbidden");
    expect(await refused({})).toBe("HTTP/1.1 401 Unauthorized");
    state = "failed";
    expect(await refused(bearer)).toBe("HTTP/1.1 503 Service Unavailable");
  });
});
