import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { readAddress } from "./address.ts";
import { ApiClient } from "./api-client.ts";
import { ManualTimers } from "./testing/manual-timers.ts";
import { until } from "./testing/until.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function client(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const http = createServer(answer);
  server = http;
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const read = readAddress(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  if (!read.ok) throw new Error(read.problem);
  const timers = new ManualTimers();
  return { timers, api: new ApiClient({ address: read.address, token: "t".repeat(43), timers }) };
}

test("it sends what it is given, and reads the answer", async () => {
  const asked: unknown[] = [];
  const { api, timers } = await client((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const { authorization, "idempotency-key": key } = request.headers;
      asked.push([request.method, request.url, text, authorization, key]);
      response.writeHead(204, { location: "/api/v1/commands/c1" }).end();
    });
  });
  expect(await api.call("PUT", "/api/v1/x", { body: "ü", key: "k" })).toEqual({
    ok: true,
    status: 204,
    body: undefined,
    location: "/api/v1/commands/c1",
  });
  expect(asked).toEqual([["PUT", "/api/v1/x", '"ü"', `Bearer ${"t".repeat(43)}`, "k"]]);
  api[Symbol.dispose]();
  expect(timers.pending).toBe(0);
});

const problem = { code: "held", detail: "It is held.", title: "Conflict" };
test.each([
  [
    409,
    "application/problem+json",
    JSON.stringify(problem),
    { passing: false, status: 409, code: "held", reason: "It is held." },
  ],
  [
    503,
    "text/html",
    "<h1>sorry</h1>",
    { passing: true, code: "http-503", reason: "the gateway answered 503" },
  ],
  [429, "application/problem+json", '{"code":5,"detail":[]}', { passing: true, code: "http-429" }],
  [302, "text/plain", "", { passing: false, code: "http-302" }],
  [200, "application/json", "{", { passing: false, code: "not-understood" }],
  [200, "application/json", `"${"x".repeat(1_100_000)}"`, { passing: false, code: "too-long" }],
  [403, "application/problem+json", "null", { passing: false, code: "http-403" }],
])("an answer of %i %s %.20s", async (status, type, body, expected) => {
  const { api } = await client((_request, response) =>
    response.writeHead(status, { "content-type": type }).end(body),
  );
  expect(await api.call("GET", "/")).toMatchObject({ ok: false, ...expected });
  api[Symbol.dispose]();
});

test("a gateway that does not answer, breaks off, or is not there: the call may be made again later", async () => {
  const { api, timers } = await client((request, response) => {
    if (request.url === "/half") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.destroy());
    }
  });
  const silent = api.call("GET", "/silent");
  await until(() => timers.pending === 1);
  timers.advance(15_000);
  expect(await silent).toMatchObject({
    ok: false,
    passing: true,
    reason: "the gateway did not answer within 15 s",
  });
  const soon = api.call("POST", "/silent", { withinMs: 2_000 });
  await until(() => timers.pending === 1);
  timers.advance(2_000);
  expect(await soon).toMatchObject({ reason: "the gateway did not answer within 2 s" });
  expect(await soon).not.toHaveProperty("status");
  expect(await api.call("GET", "/half")).toMatchObject({ ok: false, passing: true });
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  expect(await api.call("GET", "/")).toMatchObject({ ok: false, passing: true, code: "ECONNREFUSED" });
});

test("closing ends what is under way and what waits for a connection", async () => {
  let asked = 0;
  const { api, timers } = await client(() => asked++);
  const calls = Array.from({ length: 20 }, (_, n) => api.call("GET", `/${n}`));
  await until(() => asked === 8);
  api[Symbol.dispose]();
  for (const answer of await Promise.all(calls)) expect(answer).toMatchObject({ ok: false, passing: true });
  expect(await api.call("GET", "/late")).toMatchObject({ ok: false });
  expect(asked).toBe(8);
  expect(timers.pending).toBe(0);
});
