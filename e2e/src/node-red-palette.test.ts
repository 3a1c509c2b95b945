import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describeHouse, report } from "./disk-house.ts";
import { call, setUp } from "./http.ts";
import { PROBE, publish } from "./mosquitto.ts";
import { button, Fan, type FlowNode, gatewayNode, NodeRed, nodeRedMissing, token } from "./palette-flow.ts";
import { freePort, type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const RULES = `
- id: hot
  title: Too hot
  triggers: [{ id: over, numeric: { property: sensor/air/temperature, above: 50 } }]
  conditions: [{ state: { property: fan/fan/on, is: false } }]
  actions: [{ notify: Too hot in there, level: alarm }]
`;

const node = (id: string, type: string, more: object): FlowNode => ({ id, type, gateway: "gw", ...more });

describe.skipIf(nodeRedMissing())("the palette in a Node-RED of its own", () => {
  const folder = temporaryFolder("palette");
  let config: string;
  let gateway: GatewayHandle;
  let nodeRed: NodeRed;
  let fan: Fan;
  let secret: string;

  const deploy = (...nodes: FlowNode[]): Promise<void> =>
    nodeRed.deploy([gatewayNode(gateway.web, secret), ...nodes]);
  const seen = (from: string) => nodeRed.seen(from);
  const online = (): Promise<void> =>
    expect.poll(() => seen("link")).toContainEqual(expect.objectContaining({ payload: true }));
  const watchLink = node("link", "tram-gateway-status", {
    wires: [["seen:link"]],
    health: false,
    bridges: false,
    notifications: false,
    alerts: false,
  });

  beforeAll(async () => {
    const ports = { mqttPort: await freePort(), httpPort: await freePort() };
    ({ config } = house(folder.path, { rules: RULES, ...ports }));
    gateway = await startGateway(config);
    secret = await token(gateway, await setUp(gateway), "control");
    await describeHouse(gateway.mqttPort);
    await report(gateway.mqttPort, "20", 1);
    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/fan/fan/on", payload: "false", retain: true });
    fan = await Fan.connect(gateway.mqttPort);
    nodeRed = await NodeRed.start(folder.path);
  });
  beforeEach(() => nodeRed.clear());
  afterAll(async () => {
    await fan?.[Symbol.asyncDispose]();
    await nodeRed?.[Symbol.asyncDispose]();
    await gateway?.process[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test("Node-RED takes every node, with texts in both languages and examples", async () => {
    const get = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${nodeRed.url}${path}`, { headers })).text();
    const sets = JSON.parse(await get("/nodes", { accept: "application/json" })) as {
      module: string;
      enabled: boolean;
      types: string[];
      err?: string;
    }[];
    const ours = sets.filter(({ module }) => module === "@tram/node-red");
    expect(ours.map(({ types, enabled, err }) => [types, enabled, err])).toEqual(
      ["gateway", "thing-in", "thing-set", "command-result", "rule-trigger", "gateway-status"].map((name) => [
        [`tram-${name}`],
        true,
        undefined,
      ]),
    );
    for (const [language, words] of [
      ["en-US", "Emits what a Thing reports"],
      ["vi", "Phát ra những gì"],
    ] as const) {
      expect(await get("/nodes", { accept: "text/html", "accept-language": language })).toContain(words);
    }
    const catalogue = JSON.parse(await get("/nodes/messages?lng=vi")) as Record<
      string,
      Record<string, unknown>
    >;
    expect(catalogue["@tram/node-red/tram-thing-in"]).toMatchObject({
      "tram-thing-in": { palette: "Thiết bị báo" },
    });
    expect(await get("/resources/@tram/node-red/tram-editor.js")).toContain("TramEditor");
    console.log(await get("/library/_examples_/flows/"));
  });

  test("Thing in: typed values with topic, quality and time, the first known one, and availability", async () => {
    await deploy(
      node("in", "tram-thing-in", {
        thing: "sensor",
        property: "temperature",
        initial: true,
        wires: [["seen:in"]],
      }),
      node("later", "tram-thing-in", {
        thing: "sensor",
        initial: false,
        availability: true,
        outputs: 2,
        wires: [["seen:later"], ["seen:there"]],
      }),
    );
    await expect.poll(() => seen("in")).toHaveLength(1);
    await report(gateway.mqttPort, "21.5", 1);
    await expect.poll(async () => (await seen("in")).map(({ payload }) => payload)).toEqual([20, 21.5]);
    expect((await seen("in"))[1]).toMatchObject({
      topic: "sensor/air/temperature",
      thing: "sensor",
      property: "air/temperature",
      quality: "good",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/sensor/$state", payload: "lost", retain: true });
    await expect
      .poll(async () => (await seen("there")).map(({ payload, available }) => [payload, available]))
      .toEqual([
        ["ready", true],
        ["lost", false],
      ]);
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/sensor/$state",
      payload: "ready",
      retain: true,
    });
    await expect.poll(() => seen("there")).toHaveLength(3);
    expect((await seen("later")).map(({ payload, quality }) => [payload, quality])).toContainEqual([
      21.5,
      "good",
    ]);
  });

  test("Thing set and command result: accepted, sent, confirmed; refused with the gateway's reason", async () => {
    await deploy(
      watchLink,
      button("press", "set"),
      node("set", "tram-thing-set", {
        thing: "fan",
        property: "on",
        wires: [
          ["seen:accepted", "result"],
          ["seen:refused", "result"],
        ],
      }),
      node("result", "tram-command-result", { watch: "input", wires: [["seen:result"]] }),
      node("every", "tram-command-result", {
        watch: "thing",
        thing: "fan",
        endsOnly: true,
        wires: [["seen:every"]],
      }),
      button("free", "any"),
      node("any", "tram-thing-set", { wires: [["seen:any"], ["seen:any-refused"]] }),
    );
    await online();
    // A text, as dashboards send it.
    await nodeRed.inject("press", { payload: "true", ticket: 7 });
    await expect.poll(async () => (await seen("result")).at(-1)?.payload).toBe("confirmed");
    const states = (await seen("result")).map(({ payload }) => payload);
    expect(["accepted", "sent", "confirmed"].filter((state) => states.includes(state))).toEqual(states);
    expect((await seen("result")).at(-1)).toMatchObject({
      ticket: 7,
      topic: "fan/fan/on",
      command: { value: true, origin: "api:token-flows", state: "confirmed" },
    });
    expect(fan.told).toEqual(["true"]);
    expect((await seen("every")).map(({ payload }) => payload)).toEqual(["confirmed"]);

    await nodeRed.inject("press", { payload: "maybe" });
    await expect.poll(() => seen("refused")).toHaveLength(1);
    expect((await seen("refused"))[0]).toMatchObject({
      command: {
        state: "refused",
        code: "invalid-value",
        reason: expect.stringMatching(/boolean/),
        value: "maybe",
      },
    });
    await expect.poll(async () => (await seen("result")).at(-1)).toMatchObject({ payload: "refused" });

    await nodeRed.inject("free", { payload: { thing: "fan", property: "fan/on", value: false } });
    await nodeRed.inject("free", { topic: "sensor/air/temperature", payload: 3 });
    await nodeRed.inject("free", { topic: "nobody/a/b", payload: 3 });
    await nodeRed.inject("free", { payload: "what?" });
    await expect
      .poll(async () =>
        (await seen("any-refused")).map(({ command }) => (command as { code: string }).code).sort(),
      )
      .toEqual(["bad-message", "read-only", "unknown-thing"]);
    expect(await seen("any")).toHaveLength(1);
    // One warning for each way of going wrong.
    expect(nodeRed.process.stdout.match(/\[warn\] \[tram-thing-set:set\]/g)).toHaveLength(1);
    expect(nodeRed.process.stdout).not.toContain(secret);
  });

  test("rule trigger: each firing once, rejections with what was seen; gateway status: what the rule said", async () => {
    await deploy(
      node("fires", "tram-rule-trigger", { rule: "hot", wires: [["seen:fires"]] }),
      node("both", "tram-rule-trigger", { what: "rejected", wires: [["seen:both"]] }),
      node("status", "tram-gateway-status", { wires: [["seen:status"]] }),
      watchLink,
    );
    await online();
    for (const payload of ["60", "40", "61"]) await report(gateway.mqttPort, payload, 1);
    await expect.poll(() => seen("fires")).toHaveLength(2);
    expect((await seen("fires"))[1]).toMatchObject({
      topic: "hot",
      payload: "fired",
      rule: { id: "hot", title: "Too hot" },
      trace: { trigger: "over", outcome: "fired" },
    });
    await expect
      .poll(async () => (await seen("status")).filter(({ topic }) => topic === "notification"))
      .toEqual([
        expect.objectContaining({ payload: "Too hot in there", level: "alarm", rule: "hot" }),
        expect.objectContaining({ payload: "Too hot in there" }),
      ]);
    const told = new Map((await seen("status")).map(({ topic, payload }) => [topic, payload]));
    expect(told.get("connection")).toBe(true);
    expect(told.get("clock")).toBe("synced");
    expect(told.get("store")).toBe("ok");
    expect(told.get("problems")).toEqual([]);

    await call(gateway, "PUT", "/api/v1/things/fan/properties/fan/on?wait=5", {
      body: true,
      headers: { authorization: `Bearer ${secret}` },
    });
    for (const payload of ["40", "62"]) await report(gateway.mqttPort, payload, 1);
    await expect
      .poll(async () => (await seen("both")).map(({ payload }) => payload))
      .toEqual(["fired", "fired", "condition-false"]);
    expect((await seen("both"))[2]).toMatchObject({
      trace: { checks: [expect.objectContaining({ passed: false, seen: true })] },
    });
    expect(await seen("fires")).toHaveLength(2);
  });

  test("the main job: a device reports, a flow decides, a device acts; and the gateway restarts in between", async () => {
    await call(gateway, "PUT", "/api/v1/things/fan/properties/fan/on?wait=5", {
      body: false,
      headers: { authorization: `Bearer ${secret}` },
    });
    fan.told.length = 0;
    await deploy(
      watchLink,
      node("air", "tram-thing-in", {
        thing: "sensor",
        property: "air/temperature",
        initial: false,
        wires: [["decide", "seen:air"]],
      }),
      {
        id: "decide",
        type: "function",
        func: "return { payload: msg.payload > 30 };",
        outputs: 1,
        wires: [["blow"]],
      },
      node("blow", "tram-thing-set", {
        thing: "fan",
        property: "fan/on",
        wires: [["result"], ["seen:lost"]],
      }),
      node("result", "tram-command-result", { wires: [["seen:end"]], endsOnly: true }),
      button("press", "blow"),
    );
    await online();
    await report(gateway.mqttPort, "31", 1);
    await expect.poll(() => fan.told).toEqual(["true"]);

    await gateway.process.end("SIGKILL");
    await expect.poll(async () => (await seen("link")).at(-1)?.payload).toBe(false);
    // What is wanted meanwhile waits: of each property the newest.
    await nodeRed.inject("press", { payload: true });
    await nodeRed.inject("press", { payload: false });
    gateway = await startGateway(config);
    await expect.poll(() => fan.told.at(-1), { timeout: 30_000 }).toBe("false");
    await expect.poll(async () => (await seen("link")).at(-1)?.payload, { timeout: 30_000 }).toBe(true);
    expect((await seen("lost")).map(({ command }) => (command as { code: string }).code)).toEqual([
      "superseded",
    ]);
    await report(gateway.mqttPort, "35", 1);
    await expect.poll(() => fan.told.at(-1)).toBe("true");
    await report(gateway.mqttPort, "25", 1);
    await expect.poll(() => fan.told.at(-1)).toBe("false");
    await expect.poll(async () => (await seen("end")).at(-1)?.payload).toBe("confirmed");
    expect(nodeRed.process.stdout.match(/\[warn\] \[tram-gateway:gw\]/g)).toHaveLength(1);
  });
});
