import { readdirSync, readFileSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { connect as connectMqtt } from "mqtt";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NODE_RED_DIR, nodeRedInstalled } from "../../scripts/node-red.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { type Caller, call, rawCall, setUp } from "./http.ts";
import { PROBE } from "./mosquitto.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

/** The longest that an acknowledgement may take, whatever else happens in the house. In milliseconds. */
const LONGEST_ACK_MS = 250;

const FLOW = [
  { id: "tab", type: "tab", label: "Try" },
  {
    id: "press",
    type: "inject",
    z: "tab",
    name: "",
    props: [{ p: "payload" }],
    payload: "pressed",
    payloadType: "str",
    repeat: "",
    once: false,
    wires: [["think"]],
  },
  {
    id: "think",
    type: "function",
    z: "tab",
    name: "",
    func: "msg.payload = msg.payload.toUpperCase();\nreturn msg;",
    outputs: 1,
    wires: [["show"]],
  },
  { id: "show", type: "debug", z: "tab", active: true, tosidebar: true, complete: "payload", wires: [] },
];

function nodeRedMissing(): string | false {
  if (nodeRedInstalled()) return false;
  if (process.env.CI === "true") throw new Error("Node-RED is missing: run scripts/test-tools.sh");
  return "Node-RED is not installed: run scripts/test-tools.sh";
}

/** The process of Node-RED that belongs to a data folder. */
function nodeRedPid(data: string): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (environment.includes(`TRAM_MODULE_OF=${data}`) && command.includes("node-red-runner"))
        return Number(pid);
    } catch {
      // Gone in the meantime.
    }
  }
  return undefined;
}

/** Asks until the answer is there; a foreign process has no event for us. */
async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  withinMs = 40_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface ModuleRow {
  readonly id: string;
  readonly state: string;
  readonly version?: string;
  readonly restarts: number;
  readonly reason?: string;
}

async function nodeRedModule(gateway: GatewayHandle, admin: Caller): Promise<ModuleRow | undefined> {
  const { body } = await call(gateway, "GET", "/api/v1/modules", admin);
  return (body as { modules: ModuleRow[] }).modules.find(({ id }) => id === "node-red");
}

function untilUp(gateway: GatewayHandle, admin: Caller): Promise<ModuleRow> {
  return until("Node-RED to be up", async () => {
    const row = await nodeRedModule(gateway, admin);
    return row?.state === "up" ? row : undefined;
  });
}

/** A browser in which somebody is signed in. */
async function signedIn(browser: Browser, { headers }: Caller): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1_280, height: 800 } });
  const [name = "", value = ""] = (headers.cookie ?? "").split("=");
  await context.addCookies([
    { name, value, domain: "127.0.0.1", path: "/", httpOnly: true, sameSite: "Strict" },
  ]);
  return context;
}

/** Knocks with a WebSocket upgrade. @returns the status. */
function knock(
  gateway: GatewayHandle,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      host: "127.0.0.1",
      port: gateway.httpPort,
      path,
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      },
    });
    sent.on("upgrade", (_answer, socket) => {
      socket.destroy();
      resolve(101);
    });
    sent.on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe.skipIf(nodeRedMissing())("Node-RED, where it is installed", () => {
  const folder = temporaryFolder("node-red");
  const { config, data } = house(folder.path, { extra: `node_red: { dir: ${NODE_RED_DIR} }` });
  let gateway: GatewayHandle;
  let admin: Caller;
  let own: Readonly<Record<string, string>>;
  beforeAll(async () => {
    gateway = await startGateway(config);
    admin = await setUp(gateway);
    own = { cookie: admin.headers.cookie ?? "", origin: new URL(gateway.web).origin };
    await untilUp(gateway, admin);
  });
  afterAll(async () => {
    await gateway.process[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function token(scope: string): Promise<Readonly<Record<string, string>>> {
    const made = await call(gateway, "POST", "/api/v1/tokens", {
      body: { name: scope, scopes: [scope] },
      ...admin,
    });
    return { authorization: `Bearer ${(made.body as { token: string }).token}` };
  }

  test("it is a supervised process of its own that nobody but the gateway reaches", async () => {
    const row = await nodeRedModule(gateway, admin);
    expect(row).toMatchObject({ state: "up", version: "5.0.7", restarts: 0 });
    const { body } = await call(gateway, "GET", "/api/v1/gateway", admin);
    expect(body).toMatchObject({ nodeRed: "installed" });

    const mode = (name: string): number => statSync(join(data, name)).mode & 0o777;
    expect([mode("node-red.sock"), mode("node-red.secret"), mode("node-red")]).toEqual([0o600, 0o600, 0o700]);
    const pid = nodeRedPid(data) ?? 0;
    // No socket of it listens on the network.
    const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return statSync(`/proc/${pid}/fd/${fd}`).isSocket()
          ? [String(statSync(`/proc/${pid}/fd/${fd}`).ino)]
          : [];
      } catch {
        return [];
      }
    });
    const listening = ["tcp", "tcp6"].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, "utf8")
        .split("\n")
        .filter((line) => line.trim().split(/\s+/)[3] === "0A")
        .map((line) => line.trim().split(/\s+/)[9] ?? ""),
    );
    expect(inodes.length).toBeGreaterThan(0);
    expect(listening.filter((inode) => inodes.includes(inode))).toEqual([]);
    expect(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[16]).toBe("10");
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toMatch(/--max-old-space-size=\d+/);
  });

  test("strangers, readers and pages of other origins stay outside", async () => {
    const at = { port: gateway.httpPort };
    const status = async (
      method: string,
      path: string,
      headers: Readonly<Record<string, string>> = {},
      body?: unknown,
    ): Promise<number> =>
      (await rawCall(at, method, path, { headers, ...(body === undefined ? {} : { body }) })).status;
    const [read, control, root] = [await token("read"), await token("control"), await token("admin")];

    for (const path of ["/node-red/", "/node-red", "/node-red/flows", "/node-red/red/red.min.js"]) {
      expect(await status("GET", path), path).toBe(401);
      expect(await status("GET", path, read), path).toBe(403);
      expect(await status("GET", path, control), path).toBe(403);
    }
    expect(await status("GET", "/node-red/flows", root)).toBe(200);
    expect(await status("GET", "/node-red/flows", own)).toBe(200);
    expect(await status("POST", "/node-red/flows", {}, FLOW)).toBe(401);
    expect(await status("POST", "/node-red/flows", control, FLOW)).toBe(403);
    // The cookie alone is no proof: another port of this host is the same site for the browser.
    const neighbour = { ...own, origin: "http://127.0.0.1:1" };
    const { origin: _none, ...bare } = own;
    for (const forged of [
      neighbour,
      bare,
      { ...own, origin: "null" },
      { ...bare, "sec-fetch-site": "same-site" },
    ]) {
      expect(await status("POST", "/node-red/flows", forged, FLOW), JSON.stringify(forged)).toBe(403);
    }
    expect(await status("POST", "/node-red/flows", { ...own, "sec-fetch-site": "cross-site" }, FLOW)).toBe(
      403,
    );
    const script = {
      ...bare,
      "sec-fetch-site": "same-site",
      "sec-fetch-mode": "no-cors",
      "sec-fetch-dest": "script",
    };
    expect(await status("GET", "/node-red/nodes", script)).toBe(403);
    const link = {
      ...bare,
      "sec-fetch-site": "same-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect(await status("GET", "/node-red/", link)).toBe(200);
    expect(await status("GET", "/node-red/", { ...own, host: "evil.example" })).toBe(421);

    const comms = "/node-red/comms";
    expect(await knock(gateway, comms, {})).toBe(401);
    expect(await knock(gateway, comms, read)).toBe(403);
    expect(await knock(gateway, comms, bare)).toBe(403);
    expect(await knock(gateway, comms, neighbour)).toBe(403);
    expect(await knock(gateway, comms, { ...own, host: "evil.example", origin: "http://evil.example" })).toBe(
      403,
    );
    expect(await knock(gateway, comms, own)).toBe(101);
    expect(await knock(gateway, comms, root)).toBe(101);
    expect(await knock(gateway, "/node-red/other", root)).toBe(404);
  });

  test("a flow that is deployed over the admin API runs, and palette and telemetry are off", async () => {
    const headers = { ...own, "node-red-api-version": "v1" };
    const deployed = await call(gateway, "POST", "/node-red/flows", { body: FLOW, headers });
    expect(deployed.status).toBe(204);
    const flows = (await call(gateway, "GET", "/node-red/flows", { headers })).body as { id: string }[];
    expect(flows.map(({ id }) => id)).toEqual(["tab", "press", "think", "show"]);
    const wanted = { headers, body: { module: "node-red-node-random" } };
    expect((await rawCall({ port: gateway.httpPort }, "POST", "/node-red/nodes", wanted)).status).toBe(404);
    const settings = (await call(gateway, "GET", "/node-red/settings", { headers })).body as Record<
      string,
      unknown
    >;
    expect(settings).toMatchObject({
      httpNodeRoot: "/",
      externalModules: { palette: { allowInstall: false } },
    });
    expect(settings.telemetryEnabled).toBeFalsy();
    const answer = await call(gateway, "GET", "/node-red/settings", { headers });
    expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(answer.headers.get("set-cookie")).toBeNull();
    // The gateway's own pages keep their strict policy.
    expect((await fetch(gateway.web)).headers.get("content-security-policy")).not.toContain("unsafe");
  });

  describe.skipIf(chromiumMissing())("in Chromium", () => {
    let browser: Browser;
    let context: BrowserContext;
    beforeAll(async () => {
      browser = await openBrowser();
      context = await signedIn(browser, admin);
      await call(gateway, "POST", "/node-red/flows", { body: FLOW, headers: own });
    });
    afterAll(() => browser.close());

    test("the menu leads an administrator to the editor, which works without breaking its policy", async () => {
      const page = await context.newPage();
      await page.goto(gateway.web);
      const link = page.getByRole("link", { name: "Node-RED" });
      expect(await link.getAttribute("target")).toBe("_blank");
      const href = new URL((await link.getAttribute("href")) ?? "", gateway.web).href;
      expect(href).toBe(new URL("/node-red/", gateway.web).href);
      await page.close();

      const editor = await context.newPage();
      // What the policy forbids and what does not load; exceptions of the editor's own are not for this test.
      const complaints: string[] = [];
      editor.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      const frames: string[] = [];
      editor.on("websocket", (socket) =>
        socket.on("framereceived", ({ payload }) => frames.push(String(payload))),
      );
      await editor.goto(href);
      await editor.locator('.red-ui-palette-node[data-palette-type="inject"]').waitFor();
      await editor.locator(".red-ui-flow-node-group, .red-ui-flow-node").first().waitFor();
      await until("the comms channel", () => (frames.length > 0 ? true : undefined));

      // Pressing the button goes to the flow, whose debug node answers over the channel.
      const pressed = await editor.evaluate(
        async () => (await fetch("inject/press", { method: "POST" })).status,
      );
      expect(pressed).toBe(200);
      await until("the debug message", () =>
        frames.some((frame) => frame.includes("PRESSED")) ? true : undefined,
      );

      // What somebody else deploys is told too.
      const changed = [
        ...FLOW,
        { id: "note", type: "comment", z: "tab", name: "changed", info: "", wires: [] },
      ];
      expect((await call(gateway, "POST", "/node-red/flows", { body: changed, headers: own })).status).toBe(
        204,
      );
      await until("word of the deploy", () =>
        frames.some((frame) => frame.includes("runtime-deploy")) ? true : undefined,
      );
      expect(complaints).toEqual([]);

      // The code editor of a function node brings workers along.
      await editor.evaluate('RED.editor.edit(RED.nodes.node("think"))');
      await editor.getByText("toUpperCase").first().waitFor({ state: "attached" });
      await editor.locator(".monaco-editor:visible").first().waitFor();
      expect(complaints).toEqual([]);
      await editor.close();
    });

    test("who is not signed in reads why, and there is no menu entry for readers", async () => {
      const stranger = await (await browser.newContext({ locale: "en-GB" })).newPage();
      const answer = await stranger.goto(new URL("/node-red/", gateway.web).href);
      expect(answer?.status()).toBe(401);
      await stranger.getByRole("heading", { name: "Sign in first" }).waitFor();
      await stranger.close();

      const ticket = await rawCall({ socketPath: join(data, "tram.sock") }, "POST", "/api/v1/tickets", {
        body: { username: "guest", scopes: ["read"] },
      });
      const opened = await fetch(new URL("/sign-on", gateway.web), {
        method: "POST",
        redirect: "manual",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `ticket=${(ticket.body as { ticket: string }).ticket}`,
      });
      const guests = await signedIn(browser, {
        headers: { cookie: opened.headers.get("set-cookie")?.split(";")[0] ?? "" },
      });
      const page = await guests.newPage();
      await page.goto(gateway.web);
      await page.getByRole("link", { name: "Rules" }).waitFor();
      expect(await page.getByRole("link", { name: "Node-RED" }).count()).toBe(0);
      await guests.close();
    });
  });

  test("kill -9 of Node-RED: it comes back with its flows, and nobody else notices", async () => {
    const probe = connectMqtt({ host: "127.0.0.1", port: gateway.mqttPort, ...PROBE, reconnectPeriod: 0 });
    await new Promise((resolve, reject) => probe.once("connect", resolve).once("error", reject));
    let stopped = false;
    const acknowledgements: number[] = [];
    const measuring = (async () => {
      while (!stopped) {
        const sentAt = performance.now();
        await probe.publishAsync("latency", "x", { qos: 1 });
        acknowledgements.push(performance.now() - sentAt);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const pid = nodeRedPid(data) ?? 0;
    process.kill(pid, "SIGKILL");
    const row = await until("the next Node-RED", async () => {
      const found = await nodeRedModule(gateway, admin);
      return found !== undefined && found.restarts > 0 && found.state === "up" ? found : undefined;
    });
    stopped = true;
    await measuring;
    await probe.endAsync(true);
    expect(row.restarts).toBe(1);
    expect(nodeRedPid(data)).not.toBe(pid);
    expect(gateway.process.child.exitCode).toBeNull();
    expect(gateway.process.stderr).toContain("was ended by SIGKILL");
    expect(acknowledgements.length).toBeGreaterThan(50);
    // All but one in a hundred: the machine of a test has other things to do too.
    const sorted = acknowledgements.sort((one, other) => one - other);
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(LONGEST_ACK_MS);
    const flows = (await call(gateway, "GET", "/node-red/flows", { headers: own })).body as { id: string }[];
    expect(flows.map(({ id }) => id)).toEqual(expect.arrayContaining(["press", "show"]));
  });

  test("while it is away there is a page that says so", async () => {
    process.kill(nodeRedPid(data) ?? 0, "SIGKILL");
    const away = await until("the outage", async () => {
      const reply = await rawCall({ port: gateway.httpPort }, "GET", "/node-red/", {
        headers: { ...own, accept: "text/html" },
      });
      return reply.status === 503 ? reply : undefined;
    });
    expect(away.headers["retry-after"]).toMatch(/^\d+$/);
    expect(String(away.body)).toContain('http-equiv="refresh"');
    expect(String(away.body)).toMatch(/Node-RED (?:không chạy|đang khởi động)/);
    expect(await knock(gateway, "/node-red/comms", own)).toBe(503);
    const api = await call(gateway, "GET", "/node-red/flows", { headers: own });
    expect(api).toMatchObject({
      status: 503,
      body: { code: expect.stringMatching(/^(?:starting|unavailable)$/) },
    });
    await until("the next Node-RED", async () => {
      const found = await nodeRedModule(gateway, admin);
      return found !== undefined && found.restarts > 1 && found.state === "up" ? found : undefined;
    });
  });

  test("it ends with the gateway: in order, and when the gateway is killed", async () => {
    const first = nodeRedPid(data);
    expect(first).toBeDefined();
    expect(await gateway.process.end("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(nodeRedPid(data)).toBeUndefined();

    gateway = await startGateway(config);
    await untilUp(gateway, admin);
    await gateway.process.end("SIGKILL");
    await until("Node-RED to end", () => (nodeRedPid(data) === undefined ? true : undefined), 5_000);
  });
});

describe("Node-RED, where it is not", () => {
  test.each([
    ["not installed", "node_red: { dir: nowhere }", "absent"],
    [
      "switched off",
      `node_red: { dir: ${NODE_RED_DIR}, enabled: false }`,
      nodeRedMissing() ? "absent" : "disabled",
    ],
  ])("%s: no process, no page, no menu entry", async (_case, extra, view) => {
    using folder = temporaryFolder("node-red");
    const { config, data } = house(folder.path, { extra });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    expect((await call(gateway, "GET", "/api/v1/gateway", admin)).body).toMatchObject({ nodeRed: view });
    expect(await nodeRedModule(gateway, admin)).toBeUndefined();
    expect(nodeRedPid(data)).toBeUndefined();
    for (const path of ["/node-red", "/node-red/", "/node-red/flows"]) {
      expect((await rawCall({ port: gateway.httpPort }, "GET", path, admin)).status, path).toBe(404);
    }
    expect(await knock(gateway, "/node-red/comms", { cookie: admin.headers.cookie ?? "" })).toBe(404);
    if (view !== "absent" || chromiumMissing()) return;
    const browser = await openBrowser();
    const page = await (await signedIn(browser, admin)).newPage();
    await page.goto(gateway.web);
    await page.getByRole("link", { name: "Rules" }).waitFor();
    expect(await page.getByText("Node-RED").count()).toBe(0);
    await browser.close();
  });
});
