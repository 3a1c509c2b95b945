import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Device, describeHouse, report } from "./disk-house.ts";
import { Forwarder } from "./forwarder.ts";
import { ADMIN, call, MARK, setUp } from "./http.ts";
import { PROBE, publish } from "./mosquitto.ts";
import { button, Fan, type FlowNode, gatewayNode, NodeRed, nodeRedMissing, token } from "./palette-flow.ts";
import { freePort, type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const RULES = `
- id: hot
  title: Too hot
  triggers: [{ id: over, numeric: { property: sensor/air/temperature, above: 50 } }]
  conditions: [{ state: { property: fan/fan/on, is: false } }]
  actions: [{ notify: Too hot in there, level: alarm }]
- id: blow
  title: Some air
  triggers: [{ numeric: { property: sensor/air/temperature, above: 1000 } }]
  variables: { why: nobody said }
  conditions: [{ state: { property: fan/fan/on, is: false } }]
  actions:
    - notify: "Air: \${why}"
    - delay: 1h
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
  }, 120_000);
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
    const post = async (path: string, body: unknown) => {
      const headers = { "content-type": "application/json", "node-red-api-version": "v1" };
      return (await fetch(`${nodeRed.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) }))
        .status;
    };
    const sets = JSON.parse(await get("/nodes", { accept: "application/json" })) as {
      module: string;
      enabled: boolean;
      types: string[];
      err?: string;
    }[];
    const ours = sets.filter(({ module }) => module === "@tram/node-red");
    expect(ours.map(({ types, enabled, err }) => [types, enabled, err])).toEqual(
      [
        "gateway",
        "thing-in",
        "thing-set",
        "command-result",
        "rule-trigger",
        "rule-run",
        "gateway-status",
      ].map((name) => [[`tram-${name}`], true, undefined]),
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
    const library = "/library/examples/flows/@tram/node-red/";
    const names = (JSON.parse(await get(library)) as { fn: string }[]).map(({ fn }) => fn);
    expect(names.sort()).toEqual(["gateway status", "greenhouse fan", "leak alarm", "rules by hand"]);
    for (const name of names) {
      const flow = JSON.parse(await get(`${library}${encodeURIComponent(name)}`)) as FlowNode[];
      const types = new Set(sets.flatMap(({ types: each }) => each));
      expect(flow.filter(({ type }) => type !== "tab" && !types.has(type))).toEqual([]);
      const before = nodeRed.process.stdout.length;
      expect(await post("/flows", flow), name).toBe(204);
      await expect.poll(() => nodeRed.process.stdout.slice(before)).toMatch(/Started flows/);
      // Without a token the gateway node says so, and nothing else is wrong.
      const said = nodeRed.process.stdout.slice(before).match(/\[(?:warn|error)\] .*/g);
      expect(said).toEqual(["[warn] [tram-gateway:Tram] token: expected one, found none"]);
    }
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

  describe("rule run", () => {
    const rule = node("run", "tram-rule-run", { rule: "blow", wires: [["seen:done"], ["seen:not"]] });
    const failed: FlowNode = { id: "failed", type: "catch", scope: null, wires: [["seen:error"]] };
    const headers = () => ({ authorization: `Bearer ${secret}` });
    const running = async (): Promise<unknown> =>
      ((await call(gateway, "GET", "/api/v1/rules/blow", { headers: headers() })).body as { running: number })
        .running;
    const blow = (on: boolean) =>
      call(gateway, "PUT", "/api/v1/things/fan/properties/fan/on?wait=5", { body: on, headers: headers() });
    const errors = async () => (await seen("error")).map(({ error }) => error as Record<string, unknown>);

    test("a message starts a rule with its variables, and learns whether it began; others end its runs and switch it", async () => {
      await blow(true);
      await deploy(
        watchLink,
        node("status", "tram-gateway-status", { wires: [["seen:status"]] }),
        node("fires", "tram-rule-trigger", { rule: "blow", wires: [["seen:fires"]] }),
        button("press", "run"),
        rule,
        button("free", "any"),
        node("any", "tram-rule-run", { action: "msg", wires: [["seen:any"], ["seen:any-not"]] }),
        failed,
      );
      await online();
      await nodeRed.inject("press", { payload: { why: "smoke" }, ticket: 7 });
      await expect.poll(() => seen("not")).toHaveLength(1);
      expect((await seen("not"))[0]).toMatchObject({
        payload: { why: "smoke" },
        ticket: 7,
        rule: {
          id: "blow",
          title: "Some air",
          action: "run",
          outcome: "condition-false",
          detail: expect.stringMatching(/fan\/fan\/on.*does not hold/),
        },
      });
      expect(await running()).toBe(0);

      await nodeRed.inject("press", { payload: { why: "smoke" }, unconditionally: true, ticket: 8 });
      await expect.poll(() => seen("done")).toHaveLength(1);
      expect((await seen("done"))[0]).toMatchObject({
        ticket: 8,
        rule: { id: "blow", action: "run", outcome: "fired", run: expect.stringMatching(/^blow-\d+$/) },
      });
      await expect
        .poll(async () => (await seen("status")).map(({ payload }) => payload))
        .toContain("Air: smoke");
      // Who started it is in the trace, which the other node tells.
      await expect
        .poll(() => seen("fires"))
        .toEqual([
          expect.objectContaining({ trace: expect.objectContaining({ trigger: "api:token-flows" }) }),
        ]);

      // While it runs it does not begin again; a payload that is no object has no variables.
      await nodeRed.inject("press", { payload: 1, unconditionally: true });
      await expect
        .poll(async () => (await seen("not")).at(-1))
        .toMatchObject({ rule: { outcome: "mode-dropped" } });
      // In the order in which they come: each would fail or do something else before the one ahead of it.
      await blow(false);
      await nodeRed.inject("free", { topic: "blow", action: "cancel" });
      await nodeRed.inject("free", { topic: "blow" });
      await nodeRed.inject("free", { topic: "blow", action: "cancel" });
      await nodeRed.inject("free", { topic: "blow", action: "disable" });
      await nodeRed.inject("free", { topic: "blow", action: "run", ticket: 9 });
      await nodeRed.inject("free", { topic: "blow", action: "enable" });
      await nodeRed.inject("free", { topic: "blow" });
      const told = async () =>
        (await seen("any")).map(({ rule: of }) => {
          const { action, outcome } = of as { action: string; outcome: string };
          return `${action}: ${outcome}`;
        });
      await expect
        .poll(told)
        .toEqual([
          "cancel: done",
          "run: fired",
          "cancel: done",
          "disable: done",
          "enable: done",
          "run: fired",
        ]);
      expect(await seen("any-not")).toEqual([]);
      expect(await running()).toBe(1);
      await expect
        .poll(async () => (await seen("status")).map(({ payload }) => payload))
        .toContain("Air: nobody said");
      expect(await errors()).toEqual([
        expect.objectContaining({ code: "disabled", message: "disabled: The rule blow is disabled." }),
      ]);
      expect((await seen("error"))[0]).toMatchObject({ ticket: 9, topic: "blow" });
    });

    test("what is refused is an error with the gateway's words, in the log only where nobody catches it", async () => {
      const admin = await call(gateway, "POST", "/api/v1/session", { body: ADMIN, headers: MARK });
      const cookie = admin.headers.get("set-cookie")?.split(";")[0] ?? "";
      const reader = await token(gateway, { headers: { ...MARK, cookie } }, "read");
      const nodes = [
        watchLink,
        button("free", "any"),
        node("any", "tram-rule-run", { action: "msg", wires: [["seen:any"], ["seen:any"]] }),
        button("shy", "reads"),
        node("reads", "tram-rule-run", {
          gateway: "reader",
          rule: "blow",
          wires: [["seen:any"], ["seen:any"]],
        }),
        button("lost", "dark"),
        node("dark", "tram-rule-run", { gateway: "none", rule: "blow" }),
        { ...gatewayNode(gateway.web, reader), id: "reader" },
      ];
      const before = nodeRed.process.stdout.length;
      await deploy(...nodes, failed);
      await online();
      await nodeRed.inject("free", { topic: "nobody" });
      await nodeRed.inject("free", { topic: "hot/../blow" });
      await nodeRed.inject("free", { payload: "?" });
      await nodeRed.inject("free", { topic: "blow", action: "delete" });
      await nodeRed.inject("shy", {});
      await nodeRed.inject("lost", {});
      await expect.poll(errors).toHaveLength(6);
      const told = new Map((await errors()).map(({ code, message }) => [`${code}`, `${message}`]));
      expect([...told.keys()].sort()).toEqual(["bad-message", "no-gateway", "scope-missing", "unknown-rule"]);
      expect((await errors()).map(({ message }) => message)).toContain(
        "unknown-rule: There is no rule nobody that could run.",
      );
      expect(await seen("any")).toEqual([]);
      expect(nodeRed.process.stdout.slice(before)).not.toMatch(/\[error\]/);

      await deploy(...nodes);
      await nodeRed.clear();
      await online();
      await nodeRed.inject("free", { topic: "nobody" });
      await expect
        .poll(() => nodeRed.process.stdout.slice(before).match(/\[error\] .*/g))
        .toEqual(["[error] [tram-rule-run:any] unknown-rule: There is no rule nobody that could run."]);
    });

    test("while the gateway is away a start is an error at once, and never comes after it", async () => {
      await call(gateway, "POST", "/api/v1/rules/blow/cancel", { headers: headers() });
      await using door = new Forwarder(await freePort(), gateway.httpPort);
      await door.open();
      await nodeRed.deploy([
        gatewayNode(`http://127.0.0.1:${door.port}`, secret),
        watchLink,
        button("press", "run"),
        rule,
        failed,
      ]);
      await online();
      await door.close();
      await expect.poll(async () => (await seen("link")).at(-1)?.payload).toBe(false);
      const startedAt = performance.now();
      for (let n = 0; n < 5; n++) await nodeRed.inject("press", { unconditionally: true });
      await expect.poll(errors).toHaveLength(5);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      for (const { code, message } of await errors()) {
        expect(code).toBe("away");
        expect(message).toMatch(/^away: the gateway is away: /);
      }
      await door.open();
      await expect.poll(async () => (await seen("link")).at(-1)?.payload, { timeout: 15_000 }).toBe(true);
      // What was kept would have come before this one.
      await nodeRed.inject("press", { unconditionally: true, ticket: 10 });
      await expect.poll(() => seen("done")).toHaveLength(1);
      expect((await seen("done"))[0]).toMatchObject({ ticket: 10 });
      expect(await seen("not")).toEqual([]);
      expect(await running()).toBe(1);
    });
  });

  test("a gateway that hangs starts once what it may have heard of, which the error says, and nothing of what waited behind", async () => {
    const headers = { authorization: `Bearer ${secret}` };
    const starts = async (): Promise<number> => {
      const { body } = await call(gateway, "GET", "/api/v1/rules/blow/traces", { headers });
      const { traces } = body as { traces: { outcome: string }[] };
      return traces.filter(({ outcome }) => ["fired", "mode-dropped"].includes(outcome)).length;
    };
    await call(gateway, "POST", "/api/v1/rules/blow/cancel", { headers });
    await deploy(
      watchLink,
      button("press", "run"),
      node("run", "tram-rule-run", {
        rule: "blow",
        unconditionally: true,
        wires: [["seen:any"], ["seen:any"]],
      }),
      { id: "failed", type: "catch", scope: null, wires: [["seen:error"]] },
    );
    await online();
    const before = await starts();
    gateway.process.child.kill("SIGSTOP");
    try {
      for (let n = 0; n < 103; n++) await nodeRed.inject("press", { ticket: n });
      const told = async () =>
        (await seen("error")).map(({ error, ticket }) => ({ ...(error as { message: string }), ticket }));
      await expect.poll(told, { timeout: 15_000 }).toHaveLength(103);
      const byTicket = new Map((await told()).map((each) => [each.ticket, each.message]));
      expect(byTicket.get(0)).toBe(
        "unreachable: the gateway did not answer within 5 s; it may have done it all the same",
      );
      expect(byTicket.get(102)).toBe("too-many: more than 100 messages wait");
      for (const ticket of [1, 2]) expect(byTicket.get(ticket)).toMatch(/^too-old: /);
    } finally {
      gateway.process.child.kill("SIGCONT");
    }
    await nodeRed.inject("press", { ticket: 200 });
    await expect.poll(async () => (await seen("any")).map(({ ticket }) => ticket)).toEqual([200]);
    // This one, and at most the one that it was asked for.
    expect((await starts()) - before).toBeLessThanOrEqual(2);
  });

  test("the main job: a device reports, a flow decides, a device acts; and the gateway restarts in between", async () => {
    await call(gateway, "PUT", "/api/v1/things/fan/properties/fan/on?wait=5", {
      body: false,
      headers: { authorization: `Bearer ${secret}` },
    });
    fan.told.length = 0;
    const before = nodeRed.process.stdout.length;
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
    expect(nodeRed.process.stdout.slice(before).match(/\[warn\] \[tram-gateway:gw\]/g)).toHaveLength(1);
  });

  test("what happened while the gateway could not be heard is told afterwards: a value, a command's end, a rule", async () => {
    await using door = new Forwarder(await freePort(), gateway.httpPort);
    await door.open();
    await report(gateway.mqttPort, "20", 1);
    const headers = { authorization: `Bearer ${secret}` };
    const known = async (path: string) =>
      (await call(gateway, "GET", `/api/v1/things/${path}`, { headers })).body;
    await expect.poll(() => known("sensor/properties/air/temperature")).toBe(20);
    await nodeRed.deploy([
      gatewayNode(`http://127.0.0.1:${door.port}`, secret),
      watchLink,
      node("air", "tram-thing-in", {
        thing: "sensor",
        property: "temperature",
        initial: false,
        availability: true,
        outputs: 2,
        // Not as in the flow before, which may hear of the 20.
        wires: [["seen:heard"], ["seen:there"]],
      }),
      button("press", "set"),
      node("set", "tram-thing-set", { thing: "fan", property: "on", wires: [["result"], []] }),
      node("result", "tram-command-result", { wires: [["seen:result"]] }),
      node("rule", "tram-rule-trigger", { rule: "hot", wires: [["seen:rule"]] }),
    ]);
    await online();
    const { promise, resolve } = Promise.withResolvers<void>();
    fan.patience = promise;
    await nodeRed.inject("press", { payload: false });
    await expect
      .poll(async () => (await seen("result")).map(({ payload }) => payload))
      .toEqual(["accepted", "sent"]);
    await door.close();
    await expect.poll(async () => (await seen("link")).at(-1)?.payload).toBe(false);
    resolve();
    fan.patience = Promise.resolve();
    await expect.poll(() => known("fan/properties/fan/on")).toBe(false);
    for (const payload of ["70", "25"]) await report(gateway.mqttPort, payload, 1);
    await door.open();
    await expect.poll(async () => (await seen("link")).at(-1)?.payload, { timeout: 15_000 }).toBe(true);
    await expect.poll(async () => (await seen("result")).at(-1)?.payload).toBe("confirmed");
    await expect.poll(async () => (await seen("heard")).map(({ payload }) => payload)).toEqual([25]);
    await expect
      .poll(async () => (await seen("rule")).map(({ trace }) => (trace as { seen: number }).seen))
      .toEqual([70]);
    expect((await seen("there")).map(({ payload }) => payload)).toEqual(["ready", "unknown", "ready"]);
  });

  test("what the editor offers comes from the gateway that is deployed; a token that is taken back is told once", async () => {
    const lists = async (id: string) => {
      const answer = await fetch(`${nodeRed.url}/tram/${id}/lists`);
      return { status: answer.status, body: (await answer.json()) as Record<string, { id: string }[]> };
    };
    const admin = await call(gateway, "POST", "/api/v1/session", { body: ADMIN, headers: MARK });
    const headers = { ...MARK, cookie: admin.headers.get("set-cookie")?.split(";")[0] ?? "" };
    const made = await call(gateway, "POST", "/api/v1/tokens", {
      body: { name: "passing", scopes: ["read"] },
      headers,
    });
    const passing = made.body as { id: string; token: string };
    await nodeRed.deploy([
      gatewayNode(gateway.web, passing.token),
      { ...gatewayNode("nowhere", ""), id: "bad" },
      watchLink,
      button("press", "set"),
      node("set", "tram-thing-set", { thing: "fan", property: "fan/on", wires: [[], ["seen:refused"]] }),
    ]);
    await online();
    const { body } = await lists("gw");
    expect(body.things?.map(({ id }) => id)).toEqual(["fan", "sensor"]);
    expect(body.things?.[0]).toMatchObject({
      properties: [{ key: "fan/on", type: "boolean", readOnly: false }],
    });
    expect(body.rules).toEqual([
      { id: "blow", title: "Some air" },
      { id: "hot", title: "Too hot" },
    ]);
    expect(await lists("bad")).toMatchObject({ status: 404, body: { code: "not-deployed" } });
    expect(await lists("set")).toMatchObject({ status: 404 });

    // A token that may only read sets nothing.
    await nodeRed.inject("press", { payload: true });
    await expect.poll(() => seen("refused")).toHaveLength(1);
    expect((await seen("refused"))[0]).toMatchObject({
      command: { state: "refused", code: "scope-missing" },
    });

    const before = nodeRed.process.stdout.length;
    expect((await call(gateway, "DELETE", `/api/v1/tokens/${passing.id}`, { headers })).status).toBe(204);
    await expect
      .poll(async () => (await seen("link")).at(-1))
      .toMatchObject({ payload: false, code: "sign-in-needed" });
    const said = (): string[] => nodeRed.process.stdout.slice(before).match(/\[warn\] .*/g) ?? [];
    // It tries again, and does not say it again.
    await expect.poll(async () => (await lists("gw")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(said()).toEqual([expect.stringContaining("the gateway does not know the token")]);
    expect(nodeRed.process.stdout).not.toContain(passing.token);
  });

  test("a thousand readings in a second for ten seconds: the flow keeps up, and its memory stays", async () => {
    await deploy(
      watchLink,
      node("air", "tram-thing-in", {
        thing: "sensor",
        property: "air/temperature",
        initial: false,
        wires: [["count"]],
      }),
      {
        id: "count",
        type: "function",
        func: 'flow.set("n", (flow.get("n") ?? 0) + 1); flow.set("last", msg.payload);',
        outputs: 0,
      },
      button("ask", "answer"),
      {
        id: "answer",
        type: "function",
        func: 'return { n: flow.get("n"), last: flow.get("last") };',
        outputs: 1,
        wires: [["seen:count"]],
      },
    );
    await online();
    const residentKb = (): number =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${nodeRed.process.child.pid}/status`, "utf8"))?.[1]);
    await using device = await Device.connect(gateway.mqttPort);
    const before = residentKb();
    const startedAt = performance.now();
    let sent = 0;
    while (performance.now() - startedAt < 10_000) {
      const due = Math.min(10_000, Math.floor(performance.now() - startedAt));
      for (; sent < due; sent++)
        device.client.publish("homie/5/sensor/air/temperature", String(sent % 30), { qos: 0 });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await device.client.publishAsync("homie/5/sensor/air/temperature", "29.5", { qos: 1, retain: true });
    let latest: Record<string, unknown> = {};
    await expect
      .poll(
        async () => {
          await nodeRed.inject("ask", {});
          latest = (await seen("count")).at(-1) ?? {};
          return latest.last;
        },
        { timeout: 15_000 },
      )
      .toBe(29.5);
    // A batch each 50 ms has the latest value.
    expect(latest.n).toBeGreaterThan(50);
    expect(latest.n).toBeLessThanOrEqual(10_001);
    expect(residentKb() - before).toBeLessThan(80_000);
    expect((await seen("link")).map(({ payload }) => payload)).toEqual([true]);
  });

  test("a flood of values while the gateway is away stays within the bound, and everything is accounted for", async () => {
    await nodeRed.deploy([
      gatewayNode("http://127.0.0.1:9", secret),
      button("flood", "many"),
      {
        id: "many",
        type: "function",
        func: "for (let n = 0; n < 10_000; n++) node.send({ topic: 'fan/fan/p' + n, payload: n });",
        outputs: 1,
        wires: [["set"]],
      },
      node("set", "tram-thing-set", { queue: 50, keepSeconds: 2, wires: [[], ["tally"]] }),
      {
        id: "tally",
        type: "function",
        func: 'const all = flow.get("all") ?? {}; all[msg.command.code] = (all[msg.command.code] ?? 0) + 1; flow.set("all", all);',
        outputs: 0,
      },
      button("ask", "answer"),
      {
        id: "answer",
        type: "function",
        func: 'return { all: flow.get("all") };',
        outputs: 1,
        wires: [["seen:all"]],
      },
    ]);
    const before = nodeRed.process.stdout.length;
    await nodeRed.inject("flood", {});
    const tally = async (): Promise<Record<string, number>> => {
      await nodeRed.inject("ask", {});
      return ((await seen("all")).at(-1)?.all ?? {}) as Record<string, number>;
    };
    await expect
      .poll(async () => Object.values(await tally()).reduce((sum, count) => sum + count, 0), {
        timeout: 30_000,
      })
      .toBe(10_000);
    const { "queue-full": full = 0, "too-old": old = 0 } = await tally();
    expect(full + old).toBe(10_000);
    expect(old).toBeGreaterThanOrEqual(1);
    expect(old).toBeLessThanOrEqual(58);
    expect(nodeRed.process.stdout.slice(before).match(/\[warn\] \[tram-thing-set/g)).toHaveLength(2);
  });

  test("deploying again and again leaves no connection behind", async () => {
    const connections = (): number => {
      const port = gateway.httpPort.toString(16).toUpperCase().padStart(4, "0");
      const own = new Set(
        readdirSync(`/proc/${nodeRed.process.child.pid}/fd`).flatMap((fd) => {
          try {
            return (
              /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${nodeRed.process.child.pid}/fd/${fd}`))?.[1] ??
              []
            );
          } catch {
            return [];
          }
        }),
      );
      return readFileSync(`/proc/${nodeRed.process.child.pid}/net/tcp`, "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(
          ([, , remote = "", state, , , , , , inode = ""]) =>
            state === "01" && remote.endsWith(`:${port}`) && own.has(inode),
        ).length;
    };
    const nodes = ["a", "b", "c"].flatMap((id) => [
      node(`in-${id}`, "tram-thing-in", { thing: "sensor", wires: [["seen:x"]] }),
      node(`rule-${id}`, "tram-rule-trigger", { wires: [["seen:x"]] }),
      node(`set-${id}`, "tram-thing-set", { thing: "fan", property: "fan/on" }),
      node(`result-${id}`, "tram-command-result", { watch: "all", wires: [["seen:x"]] }),
    ]);
    for (let round = 0; round < 10; round++) await deploy(watchLink, ...nodes);
    await online();
    await expect.poll(connections).toBe(1);
    // Only what changed: the connection stands, and a new node begins with what is known.
    await nodeRed.clear();
    await nodeRed.deploy(
      [
        // Without credentials: they are there, and given anew they would be a change.
        { id: "gw", type: "tram-gateway", address: gateway.web },
        watchLink,
        ...nodes,
        node("new", "tram-thing-in", {
          thing: "sensor",
          property: "air/temperature",
          initial: true,
          wires: [["seen:new"]],
        }),
      ],
      "nodes",
    );
    await expect.poll(() => seen("new")).toHaveLength(1);
    expect(await seen("link")).toEqual([]);
    await nodeRed.deploy([]);
    await expect.poll(connections).toBe(0);
  });
});
