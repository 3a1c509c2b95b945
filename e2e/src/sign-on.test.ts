import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { call, MARK, rawCall, setUp } from "./http.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

interface Ticket {
  readonly ticket: string;
  readonly port: number;
}
interface Page {
  readonly token: string;
  readonly username: string;
  readonly scopes: readonly string[];
}

describe("signing on from another program of the machine", () => {
  test("a ticket is asked for over the local socket alone, and is good once: for a token or for a session", async () => {
    using folder = temporaryFolder("sign-on");
    const { config, data } = house(folder.path);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const socket = { socketPath: join(data, "tram.sock") };
    const wanted = { username: "luci-root", scopes: ["admin"] };
    const ticket = async (scopes: readonly string[] = ["admin"]): Promise<string> => {
      const made = await rawCall(socket, "POST", "/api/v1/tickets", { body: { ...wanted, scopes } });
      expect(made.status).toBe(201);
      expect((made.body as Ticket).port).toBe(gateway.httpPort);
      return (made.body as Ticket).ticket;
    };

    // Not even an administrator gets one over the network.
    const refused = await call(gateway, "POST", "/api/v1/tickets", { body: wanted, ...admin });
    expect(refused).toMatchObject({ status: 403, body: { code: "local-only" } });

    const first = await ticket(["read"]);
    const used = await call(gateway, "POST", "/api/v1/session/ticket", { body: { ticket: first } });
    const page = used.body as Page;
    expect(page).toMatchObject({ username: "luci-root", scopes: ["read"], expiresInS: 3600 });
    const bearer = { headers: { authorization: `Bearer ${page.token}` } };
    expect((await call(gateway, "GET", "/api/v1/things", bearer)).status).toBe(200);
    expect((await call(gateway, "GET", "/api/v1/clients", bearer)).status).toBe(403);
    // Passed on over the socket, a page's token gives the page's rights and no more; a wrong one gives none.
    const over = (path: string, authorization?: string): Promise<{ status: number }> =>
      rawCall(socket, "GET", path, authorization === undefined ? {} : { headers: { authorization } });
    expect((await over("/api/v1/clients")).status).toBe(200);
    expect((await over("/api/v1/things", bearer.headers.authorization)).status).toBe(200);
    expect((await over("/api/v1/clients", bearer.headers.authorization)).status).toBe(403);
    expect((await over("/api/v1/things", "Bearer xxxxxxxxxxxxxxxxxxxxxxxxxxxx")).status).toBe(401);
    expect((await over("/api/v1/things", "")).status).toBe(401);
    const again = await call(gateway, "POST", "/api/v1/session/ticket", { body: { ticket: first } });
    expect(again).toMatchObject({ status: 401, body: { code: "bad-ticket" } });

    const form = async (text: string): Promise<Response> =>
      fetch(new URL("/sign-on", gateway.web), {
        method: "POST",
        redirect: "manual",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: text,
      });
    const second = await ticket();
    const opened = await form(`ticket=${second}`);
    expect(opened.status).toBe(303);
    expect(opened.headers.get("location")).toBe("/");
    const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
    const session = await call(gateway, "GET", "/api/v1/session", { headers: { cookie } });
    expect(session.body).toEqual({
      setupNeeded: false,
      username: "luci-root",
      scopes: ["read", "control", "admin"],
    });
    expect((await form(`ticket=${second}`)).status).toBe(401);
    expect((await form("")).status).toBe(401);
    expect((await form(`ticket=${"x".repeat(5_000)}`)).status).toBe(400);
    expect(
      (await rawCall(socket, "POST", "/api/v1/tickets", { body: { username: "a b", scopes: [] } })).status,
    ).toBe(400);

    // The session outlives a restart, the page's token does not: its page asks for a new ticket.
    await gateway.process.end("SIGKILL");
    const next = await startGateway(config);
    await using _next = next.process;
    expect((await call(next, "GET", "/api/v1/things", { headers: { cookie } })).status).toBe(200);
    expect((await call(next, "GET", "/api/v1/things", bearer)).status).toBe(401);
    expect(next.process.stderr).not.toContain(second);
  });

  test("`tram setup` makes a new code, which alone counts, until there is an administrator", async () => {
    using folder = temporaryFolder("sign-on");
    const { config, data } = house(folder.path);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const code = /^[2-9A-Z]{4}-[2-9A-Z]{4}/.exec((await tram(["setup"], { TRAM_DATA: data })).stdout)?.[0];
    expect(code).toBeDefined();
    const body = { username: "minh", password: "mot mat khau dai" };
    const old = { body: { ...body, code: gateway.setupCode }, headers: MARK };
    expect((await call(gateway, "POST", "/api/v1/setup", old)).status).toBe(403);
    expect((await call(gateway, "POST", "/api/v1/setup", { ...old, body: { ...body, code } })).status).toBe(
      204,
    );
    expect((await tram(["setup"], { TRAM_DATA: data })).stdout).toContain("has an administrator already");
  });
});

describe("pages of other origins", () => {
  test("a name that is not the gateway's is refused everywhere (DNS rebinding)", async () => {
    using folder = temporaryFolder("sign-on");
    const gateway = await startGateway(house(folder.path).config);
    await using _process = gateway.process;
    const port = { port: gateway.httpPort };
    for (const path of ["/", "/api/v1/session", "/openapi.json"]) {
      const answer = await rawCall(port, "GET", path, { headers: { host: "evil.example:8080" } });
      expect(answer, path).toMatchObject({ status: 421, body: { code: "unknown-host" } });
    }
    expect(
      (await rawCall(port, "GET", "/api/v1/session", { headers: { host: "tram.lan:8080" } })).status,
    ).toBe(200);

    const upgrade = { host: "evil.example", connection: "upgrade", upgrade: "websocket" };
    const { status } = await rawCall(port, "GET", "/ws", { headers: upgrade });
    expect(status).toBe(403);
  });

  test("a page of the same host may call with a token, and with nothing else; others may not call at all", async () => {
    using folder = temporaryFolder("sign-on");
    const gateway = await startGateway(house(folder.path).config);
    await using _process = gateway.process;
    const near = { origin: "http://127.0.0.1" };
    const far = { origin: "http://evil.example" };
    const preflight = { ...near, "access-control-request-method": "PUT" };
    const allowed = await rawCall({ port: gateway.httpPort }, "OPTIONS", "/api/v1/things", {
      headers: preflight,
    });
    expect(allowed.status).toBe(204);
    expect(allowed.headers["access-control-allow-origin"]).toBe("http://127.0.0.1");
    // Without this, the browser keeps the cookie to itself and the answer from the page.
    expect(allowed.headers["access-control-allow-credentials"]).toBeUndefined();
    const answer = await call(gateway, "GET", "/api/v1/session", { headers: near });
    expect(answer.headers.get("access-control-allow-origin")).toBe("http://127.0.0.1");
    for (const method of ["OPTIONS", "GET"]) {
      const other = await rawCall({ port: gateway.httpPort }, method, "/api/v1/session", { headers: far });
      expect(other.headers["access-control-allow-origin"], method).toBeUndefined();
    }
    // The cookie of a signed-in browser does not help a neighbour: changes need the own page.
    const { headers } = await setUp(gateway);
    const forged = await call(gateway, "POST", "/api/v1/tokens", {
      body: { name: "x", scopes: ["admin"] },
      headers: { cookie: headers.cookie ?? "", ...near, ...MARK, "sec-fetch-site": "same-site" },
    });
    expect(forged).toMatchObject({ status: 403, body: { code: "forged" } });
  });
});
