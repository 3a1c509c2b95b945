import type { Delta, LiveMessage, Snapshot } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { ADMIN, call, MARK, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";

describe("the HTTP API", () => {
  test("everything needs a session or a token; the set-up code makes the first administrator, once", async () => {
    using folder = temporaryFolder("api");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;

    const document = (await call(gateway, "GET", "/openapi.json")).body as {
      openapi: string;
      paths: Record<string, Record<string, { security?: unknown[] }>>;
    };
    expect(document.openapi).toBe("3.1.0");
    const open: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.security?.length === 0) {
          open.push(`${method} ${path}`);
          continue;
        }
        const url = path.replaceAll(/\{\w+\}/g, "x");
        const reply = await call(gateway, method.toUpperCase(), url, { headers: MARK });
        expect(reply.status, `${method} ${path}`).toBe(401);
        expect(reply.headers.get("content-type")).toBe("application/problem+json");
      }
    }
    expect(open.sort()).toEqual([
      "delete /api/v1/session",
      "get /.well-known/wot",
      "get /api/v1/session",
      "post /api/v1/pairing/claim",
      "post /api/v1/session",
      "post /api/v1/session/ticket",
      "post /api/v1/setup",
      "post /api/v1/webhooks/{id}", // Its id is the secret.
    ]);

    const wrong = await call(gateway, "POST", "/api/v1/setup", {
      body: { code: "AAAA-AAAA", ...ADMIN },
      headers: MARK,
    });
    expect(wrong).toMatchObject({ status: 403, body: { code: "wrong-code" } });
    const weak = await call(gateway, "POST", "/api/v1/setup", {
      body: { code: gateway.setupCode, username: "minh", password: "short" },
      headers: MARK,
    });
    expect(weak).toMatchObject({ status: 400, body: { errors: [{ path: "password" }] } });
    const admin = await setUp(gateway);
    expect((await call(gateway, "GET", "/api/v1/things", admin)).status).toBe(200);
    const second = await call(gateway, "POST", "/api/v1/setup", {
      body: { code: gateway.setupCode, ...ADMIN },
      headers: MARK,
    });
    expect(second).toMatchObject({ status: 409, body: { code: "not-needed" } });
  });

  test("sessions survive a restart and end with the sign-out; wrong passwords have to wait", async () => {
    using folder = temporaryFolder("api");
    const { config } = house(folder.path);
    const first = await startGateway(config);
    const admin = await setUp(first);
    await first.process.end("SIGKILL");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    expect(gateway.setupCode).toBeUndefined();
    expect((await call(gateway, "GET", "/api/v1/session", admin)).body).toMatchObject({ username: "minh" });

    const forged = await call(gateway, "DELETE", "/api/v1/session", {
      headers: { cookie: admin.headers.cookie ?? "" },
    });
    expect(forged).toMatchObject({ status: 403, body: { code: "forged" } });
    const crossSite = await call(gateway, "DELETE", "/api/v1/session", {
      headers: { ...admin.headers, "sec-fetch-site": "cross-site" },
    });
    expect(crossSite.status).toBe(403);
    expect((await call(gateway, "DELETE", "/api/v1/session", admin)).status).toBe(204);
    expect((await call(gateway, "GET", "/api/v1/things", admin)).status).toBe(401);

    const attempt = (password: string): ReturnType<typeof call> =>
      call(gateway, "POST", "/api/v1/session", { body: { username: "minh", password }, headers: MARK });
    expect((await attempt(ADMIN.password)).status).toBe(204);
    for (let count = 0; count < 5; count++) expect((await attempt("wrong")).status).toBe(401);
    const late = await attempt(ADMIN.password);
    expect(late).toMatchObject({ status: 429, body: { code: "too-many" } });
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("tokens have scopes, are shown once, and end at once when they are revoked", async () => {
    using folder = temporaryFolder("api");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const made = await call(gateway, "POST", "/api/v1/tokens", {
      ...admin,
      body: { name: "panel", scopes: ["read"] },
    });
    expect(made.status).toBe(201);
    const { id, token } = made.body as { id: string; token: string };
    const bearer = { headers: { authorization: `Bearer ${token}` } };
    expect((await call(gateway, "GET", "/api/v1/things", bearer)).status).toBe(200);
    const write = await call(gateway, "PUT", "/api/v1/things/greenhouse-fan/properties/fan/on", {
      ...bearer,
      body: true,
    });
    expect(write).toMatchObject({ status: 403, body: { code: "scope-missing" } });
    expect(JSON.stringify((await call(gateway, "GET", "/api/v1/tokens", admin)).body)).not.toContain(token);
    expect(gateway.process.stderr).not.toContain(token);
    expect((await call(gateway, "DELETE", `/api/v1/tokens/${id}`, admin)).status).toBe(204);
    expect((await call(gateway, "GET", "/api/v1/things", bearer)).status).toBe(401);
  });

  test("properties are read and written with bare values; refusals say why", async () => {
    using folder = temporaryFolder("api");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const fan = "/api/v1/things/greenhouse-fan/properties/fan";
    const set = await call(gateway, "PUT", `${fan}/speed?wait=5`, { ...admin, body: 52 });
    expect(set).toMatchObject({ status: 200, body: { state: "confirmed", value: 50, origin: "api:minh" } });
    const read = await call(gateway, "GET", `${fan}/speed`, admin);
    expect(read.body).toBe(50);
    expect(read.headers.get("x-quality")).toBe("good");

    const refusals: [string, unknown, number, string][] = [
      [`${fan}/speed`, 500, 422, "invalid-value"],
      [`${fan}/on`, "yes", 422, "invalid-value"],
      [`${fan}/nothing`, true, 404, "unknown-property"],
      ["/api/v1/things/nobody/properties/a/b", true, 404, "unknown-thing"],
      ["/api/v1/things/greenhouse-climate/properties/air/temperature", 20, 409, "read-only"],
      [`${fan}/on?wait=forever`, true, 400, "bad-wait"],
      [`${fan}/on?timeout=0`, true, 400, "bad-terms"],
      [`${fan}/on?timeout=86401`, true, 400, "bad-terms"],
      [`${fan}/on?ttl=1e9`, true, 400, "bad-terms"],
      [`${fan}/on?why=${"x".repeat(201)}`, true, 400, "bad-terms"],
    ];
    for (const [path, body, status, code] of refusals) {
      const reply = await call(gateway, "PUT", path, { ...admin, body });
      expect(reply, path).toMatchObject({ status, body: { status, code } });
    }
    const text = await fetch(new URL(`${fan}/on`, gateway.web), {
      method: "PUT",
      headers: admin.headers,
      body: "{",
    });
    expect(text.status).toBeGreaterThanOrEqual(400);
    const huge = await call(gateway, "PUT", `${fan}/on`, { ...admin, body: "x".repeat(300_000) });
    expect(huge.status).toBe(413);

    const description = (await call(gateway, "GET", "/api/v1/things/greenhouse-fan", admin)).body as {
      "@context": readonly unknown[];
      properties: Record<string, { forms: { href: string; op: string[] }[] }>;
    };
    expect(description["@context"][0]).toBe("https://www.w3.org/2022/wot/td/v1.1");
    for (const { forms } of Object.values(description.properties)) {
      for (const { href, op } of forms.filter((form) => form.op.includes("readproperty"))) {
        if (href.startsWith("mqtt:")) continue;
        expect((await call(gateway, "GET", href, admin)).status, `${op} ${href}`).toBe(200);
      }
    }
  });
});

/** Collects the messages of the live socket. */
class Live {
  readonly messages: LiveMessage[] = [];
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  #waiting: (() => void)[] = [];

  constructor(gateway: GatewayHandle, headers: Readonly<Record<string, string>>) {
    // Node's WebSocket takes headers, as browsers do not.
    const url = gateway.web.replace(/^http/, "ws").concat("ws");
    this.socket = new WebSocket(url, { headers } as unknown as string[]);
    this.socket.addEventListener("message", (event) => {
      this.messages.push(JSON.parse(String(event.data)) as LiveMessage);
      for (const tell of this.#waiting.splice(0)) tell();
    });
    this.closed = new Promise((resolve) => {
      this.socket.addEventListener("close", (event) => resolve(event.code));
    });
  }

  async until<T>(find: (messages: readonly LiveMessage[]) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.messages);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

describe("the live socket", () => {
  test("turns strangers away, gives a snapshot and then numbered deltas, and ends when rights end", async () => {
    using folder = temporaryFolder("live");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    expect(await new Live(gateway, {}).closed).toBe(4401);
    const admin = await setUp(gateway);
    const foreign = new Live(gateway, { ...admin.headers, origin: "http://evil.example" });
    expect(await foreign.closed).toBe(1006);

    const live = new Live(gateway, admin.headers);
    const snapshot = await live.until((messages) =>
      messages.find((message): message is Snapshot => message.type === "snapshot"),
    );
    expect(snapshot.gateway).toMatchObject({ id: "house", store: "ok" });
    await call(gateway, "PUT", "/api/v1/things/greenhouse-fan/properties/fan/on", { ...admin, body: true });
    const states = await live.until((messages) => {
      const found = messages
        .filter((message): message is Delta => message.type === "delta")
        .flatMap(({ changes }) => changes)
        .flatMap((change) => (change.kind === "command" ? [change.command.state] : []));
      return found.includes("confirmed") ? found : undefined;
    });
    expect(states).toEqual(["accepted", "sent", "confirmed"]);
    const numbers = live.messages.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));

    await call(gateway, "DELETE", "/api/v1/session", admin);
    expect(await live.closed).toBe(4401);
  });
});
