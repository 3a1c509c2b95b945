import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NODE_RED_DIR } from "../../scripts/node-red.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { describeHouse, report } from "./disk-house.ts";
import { type Caller, call, setUp } from "./http.ts";
import { Fan, type FlowNode, gatewayNode, nodeRedMissing, PALETTE, token } from "./palette-flow.ts";
import { freePort, type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const flow = (address: string, secret: string): FlowNode[] => [
  { id: "tab", type: "tab", label: "Cool" },
  gatewayNode(address, secret),
  {
    id: "air",
    type: "tram-thing-in",
    z: "tab",
    gateway: "gw",
    thing: "sensor",
    property: "air/temperature",
    wires: [["decide"]],
    x: 100,
    y: 80,
  },
  {
    id: "decide",
    type: "function",
    z: "tab",
    func: "return { payload: msg.payload > 30 };",
    outputs: 1,
    wires: [["blow"]],
    x: 300,
    y: 80,
  },
  {
    id: "blow",
    type: "tram-thing-set",
    z: "tab",
    gateway: "gw",
    thing: "fan",
    property: "fan/on",
    wires: [[], []],
    x: 500,
    y: 80,
  },
  {
    id: "run",
    type: "tram-rule-run",
    z: "tab",
    gateway: "gw",
    action: "msg",
    wires: [[], []],
    x: 500,
    y: 160,
  },
];

describe.skipIf(nodeRedMissing())("the palette in the Node-RED that the gateway embeds", () => {
  const folder = temporaryFolder("palette-embedded");
  let config: string;
  let gateway: GatewayHandle;
  let admin: Caller;
  let secret: string;
  let fan: Fan;
  let own: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const ports = { mqttPort: await freePort(), httpPort: await freePort() };
    const made = house(folder.path, { ...ports, extra: `node_red: { dir: ${NODE_RED_DIR} }` });
    config = made.config;
    const modules = join(made.data, "node-red/node_modules/@tram");
    mkdirSync(modules, { recursive: true });
    symlinkSync(PALETTE, join(modules, "node-red"));
    gateway = await startGateway(config);
    admin = await setUp(gateway);
    secret = await token(gateway, admin, "control");
    own = { cookie: admin.headers.cookie ?? "", origin: new URL(gateway.web).origin };
    await describeHouse(gateway.mqttPort);
    fan = await Fan.connect(gateway.mqttPort);
  }, 120_000);
  afterAll(async () => {
    await fan?.[Symbol.asyncDispose]();
    await gateway?.process[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const lists = (headers: Readonly<Record<string, string>>) =>
    call(gateway, "GET", "/node-red/tram/gw/lists", { headers });
  const connected = () => expect.poll(async () => (await lists(own)).status, { timeout: 40_000 }).toBe(200);

  test("a device reports, a flow decides, a device acts; and again after the gateway was killed", async () => {
    const deploy = () =>
      call(gateway, "POST", "/node-red/flows", {
        body: flow(gateway.web, secret),
        headers: { ...own, "node-red-api-version": "v1" },
      });
    await expect.poll(async () => (await deploy()).status, { timeout: 40_000 }).toBe(204);
    await connected();
    expect((await lists(own)).body).toMatchObject({ things: [{ id: "fan" }, { id: "sensor" }] });
    // Who may not see the editor sees nothing of this either.
    expect((await lists({})).status).toBe(401);
    expect((await lists({ authorization: `Bearer ${secret}` })).status).toBe(403);
    // The token is not in what the editor reads.
    expect(
      JSON.stringify((await call(gateway, "GET", "/node-red/flows", { headers: own })).body),
    ).not.toContain(secret);

    await report(gateway.mqttPort, "31", 1);
    await expect.poll(() => fan.told.at(-1)).toBe("true");
    await gateway.process.end("SIGKILL");
    gateway = await startGateway(config);
    await connected();
    await report(gateway.mqttPort, "20", 1);
    await expect.poll(() => fan.told.at(-1)).toBe("false");
  });

  test.skipIf(chromiumMissing())(
    "the editor offers the Things of the house, and of one to set what can be set",
    async () => {
      const browser = await openBrowser();
      const context = await browser.newContext({ locale: "vi-VN", viewport: { width: 1_280, height: 800 } });
      const [name = "", value = ""] = (own.cookie ?? "").split("=");
      await context.addCookies([
        { name, value, domain: "127.0.0.1", path: "/", httpOnly: true, sameSite: "Strict" },
      ]);
      const editor = await context.newPage();
      const complaints: string[] = [];
      editor.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      await editor.goto(new URL("/node-red/", gateway.web).href);
      await editor.locator('.red-ui-palette-node[data-palette-type="tram-thing-in"]').waitFor();
      await editor.locator(".red-ui-flow-node").first().waitFor();
      const offers = (field: string) =>
        editor
          .locator(`#node-input-${field}-offers option`)
          .evaluateAll((options) =>
            options.map((option) => [option.getAttribute("value"), option.getAttribute("label")]),
          );
      await editor.evaluate('RED.editor.edit(RED.nodes.node("blow"))');
      await editor.locator("#node-input-property").waitFor();
      await expect
        .poll(() => offers("thing"))
        .toEqual([
          ["fan", "fan"],
          ["sensor", "sensor"],
        ]);
      expect(await offers("property")).toEqual([["fan/on", "on · boolean"]]);
      await editor.locator("#node-input-thing").fill("sensor");
      await expect.poll(() => offers("property")).toEqual([]);
      await editor.getByText("Số giá trị chờ").waitFor();
      await editor.evaluate("RED.tray.close()");
      await editor.evaluate('RED.editor.edit(RED.nodes.node("run"))');
      await editor.getByText("chạy mà không xét điều kiện").waitFor();
      expect(await editor.locator("#node-input-action").inputValue()).toBe("msg");
      expect(await editor.locator("#node-input-action option:checked").textContent()).toBe(
        "- theo msg.action -",
      );
      expect(complaints).toEqual([]);
      await browser.close();
    },
  );
});
