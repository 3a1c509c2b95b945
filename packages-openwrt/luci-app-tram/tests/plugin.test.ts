import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BlockingSocket } from "../testing/server/blocking-socket.ts";
import { callPlugin, loadPlugin, type Plugin } from "../testing/server/ucode.ts";

const TOKEN = "abcdefghijklmnopqrstuvwxyz";

describe("the ubus object, before a gateway that misbehaves", () => {
  const folder = mkdtempSync(join(tmpdir(), "tram-plugin-"));
  const path = join(folder, "tram.sock");
  const where = { path };
  const socket = new BlockingSocket(() => where.path);
  const requests: string[] = [];
  let server: Worker;
  let plugin: Plugin;

  beforeAll(async () => {
    server = new Worker(new URL("./fixtures/odd-server.ts", import.meta.url), { workerData: { path } });
    await once(server, "message");
    server.on("message", (text: string) => requests.push(text));
    plugin = loadPlugin(join(import.meta.dirname, "../root/usr/share/rpcd/ucode/tram.uc"), {
      socket,
      username: (session) => (session === "known" ? "an na/..\r\n" : undefined),
    });
  });
  afterAll(async () => {
    socket[Symbol.dispose]();
    await server.terminate();
    rmSync(folder, { recursive: true });
  });

  const call = (method: string, args: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const found = plugin.tram?.[method];
    if (found === undefined) throw new Error(`no method ${method}`);
    return callPlugin(found, args);
  };
  const read = (name: string): Promise<unknown> => call("read", { path: `/api/v1/${name}`, token: TOKEN });

  /** The requests since the last that began so, that one included; they arrive when this thread is not blocked. */
  const since = async (begin: string): Promise<readonly string[]> => {
    const at = (): number => requests.findLastIndex((text) => text.startsWith(begin));
    while (at() < 0) await once(server, "message");
    const found = at();
    return requests.splice(0).slice(found);
  };

  test("a whole answer is passed on, with its bytes and its place", async () => {
    expect(await read("whole")).toEqual({ status: 200, body: '"é"\r\n', location: "/api/v1/x" });
    expect(await read("none")).toEqual({ status: 204, body: "", location: "" });
  });

  test.each([
    ["large", "too-large"],
    ["short", "broken"],
    ["noise", "broken"],
    ["chunked", "broken"],
    ["head", "broken"],
  ])("%s: told as %s", async (name, code) => {
    expect(await read(name)).toEqual({ status: 0, code });
  });

  test.each(["hang", "dribble"])(
    "%s: given up after 3 s, for rpcd serves nobody else meanwhile",
    async (name) => {
      const startedAt = performance.now();
      expect(await read(name)).toEqual({ status: 0, code: "timeout" });
      const took = performance.now() - startedAt;
      expect(took).toBeGreaterThan(2_900);
      expect(took).toBeLessThan(5_000);
    },
  );

  test("no gateway", async () => {
    where.path = join(folder, "nobody.sock");
    expect(await read("whole")).toEqual({ status: 0, code: "unreachable" });
    where.path = path;
  });

  test("a ticket is asked for in the user's name, made fit for a log; without a session there is none", async () => {
    await call("ticket", { ubus_rpc_session: "known" });
    const [asked = ""] = await since("POST /api/v1/tickets");
    expect(asked).toContain('{"username":"luci-an_na_..__","scopes":["read","control","admin"]}');
    expect(asked).not.toContain("Authorization");
    expect(await call("ticket", { ubus_rpc_session: "unknown" })).toEqual({ status: 0, code: "no-session" });
  });

  test("what is passed on carries the page's token, and is nothing but a request to the API", async () => {
    await call("request", { method: "PUT", path: "/api/v1/none", body: '"é"', token: TOKEN });
    expect(await since("PUT")).toEqual([
      [
        "PUT /api/v1/none HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        `Authorization: Bearer ${TOKEN}`,
        "Content-Type: application/json",
        "Content-Length: 4",
        "",
        '"é"',
      ].join("\r\n"),
    ]);
    const wrong = [
      { method: "PATCH", path: "/api/v1/none" },
      { method: "GET\r\n", path: "/api/v1/none" },
      { method: "GET", path: "/api/v1/a b" },
      { method: "GET", path: "/api/v1/a\r\nX: y" },
      { method: "GET", path: "/sign-on" },
      { method: "GET", path: `/api/v1/${"a".repeat(3_000)}` },
      { method: "PUT", path: "/api/v1/none", body: "x".repeat(600_000) },
    ];
    for (const request of wrong) {
      const answer = await call("request", { body: "", ...request, token: TOKEN });
      expect(answer, JSON.stringify(request).slice(0, 80)).toEqual({ status: 0, code: "invalid" });
    }
    for (const token of ["", "a b", "a\r\nb", "a".repeat(65)]) {
      expect(await call("read", { path: "/api/v1/none", token })).toMatchObject({ status: 401 });
    }
    expect(await call("read", { path: "/api/v1/none" })).toMatchObject({ status: 401 });
    await expect(call("read", { path: 5, token: TOKEN })).rejects.toThrow("invalid");
    await call("request", { method: "DELETE", path: "/api/v1/none", body: "", token: TOKEN });
    while (!requests.some((text) => text.startsWith("DELETE"))) await once(server, "message");
    expect(requests.length, requests.join("\n")).toBe(1);
  });
});
