import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { SystemClock } from "../../clock/system-clock.ts";
import { ANSWER_LIMIT, callHttp, type HttpRequest } from "./http-call.ts";

const open: Disposable[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const clock = new SystemClock(() => "synced");

function ask(
  url: string,
  more: Partial<HttpRequest> = {},
  refusal: (url: URL) => string | undefined = () => undefined,
) {
  const request = { url, method: "GET", headers: {}, timeoutMs: 5_000, ...more };
  return callHttp(request, { clock, refusal, signal: new AbortController().signal });
}

describe("one request", () => {
  test("brings status and body, JSON where it says so", async () => {
    const at = await serve((request, response) => {
      if (request.url === "/json") response.setHeader("content-type", "application/problem+json");
      response.statusCode = 418;
      response.end(request.url === "/none" ? undefined : '{"a":1}');
    });
    expect(await ask(`${at}/json`)).toEqual({ status: 418, body: { a: 1 } });
    expect(await ask(`${at}/text`)).toEqual({ status: 418, body: '{"a":1}' });
    expect(await ask(`${at}/none`)).toEqual({ status: 418, body: null });
  });

  test("a redirect is followed to where it is allowed, without the keys of the first host", async () => {
    const seen: IncomingMessage[] = [];
    const other = await serve((request, response) => {
      seen.push(request);
      response.end("there");
    });
    const at = await serve((_request, response) => response.writeHead(302, { location: `${other}/b` }).end());
    const headers = { "X-Api-Key": "secret", Accept: "text/plain" };
    expect(await ask(`${at}/a`, { method: "POST", body: "x", headers })).toEqual({
      status: 200,
      body: "there",
    });
    expect(seen[0]?.method).toBe("GET");
    expect(seen[0]?.headers).toMatchObject({ accept: "text/plain" });
    expect(seen[0]?.headers).not.toHaveProperty("x-api-key");
    const refusal = (url: URL) => (url.href.startsWith(at) ? undefined : "no");
    await expect(ask(`${at}/a`, {}, refusal)).rejects.toMatchObject({
      code: "refused",
      message: "redirected: no",
    });
    expect(seen).toHaveLength(1);
  });

  test.each<[string, (request: IncomingMessage, response: ServerResponse) => void, string, RegExp]>([
    ["never answers", () => {}, "timeout", /no answer within 300 ms/],
    [
      "answers without end",
      (_, response) => {
        response.write("x".repeat(ANSWER_LIMIT));
        response.write("x");
      },
      "failed",
      /more than 65536 bytes/,
    ],
    [
      "leads in circles",
      (_, response) => response.writeHead(307, { location: "/" }).end(),
      "failed",
      /more than 5 times/,
    ],
    ["breaks off", (request) => request.socket.destroy(), "failed", /ECONNRESET|hang up/],
    [
      "leads nowhere",
      (_, response) => response.writeHead(302, { location: "http://[" }).end(),
      "failed",
      /no URL/,
    ],
  ])("a server that %s", async (_name, answer, code, message) => {
    const at = await serve(answer);
    const fault = ask(`${at}/secret?key=1`, { timeoutMs: 300 });
    await expect(fault).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(fault).rejects.not.toMatchObject({ message: expect.stringContaining("secret") });
  });

  test("nobody sets what frames the message, or what is no header", async () => {
    const at = await serve((_, response) => response.end());
    for (const name of ["Host", "content-length", "Transfer-Encoding", "Connection", "proxy-authorization"]) {
      await expect(ask(at, { headers: { [name]: "1" } })).rejects.toMatchObject({ code: "refused" });
    }
    await expect(ask(at, { headers: { a: "1\r\nb: 2" } })).rejects.toMatchObject({ code: "failed" });
    await expect(ask("nowhere")).rejects.toMatchObject({ code: "refused" });
    await expect(ask("http://127.0.0.1:1/")).rejects.toMatchObject({
      code: "failed",
      message: /ECONNREFUSED/,
    });
  });
});
