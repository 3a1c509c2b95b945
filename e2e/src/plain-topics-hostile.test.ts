import { connectAsync, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { type Caller, call, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const ACCOUNTS = `    - { username: node, password: node-password, role: device, topics: [farm] }`;
const ROOM = { id: "room1", properties: { "air/temperature": { read: { topic: "farm/room1/temp" } } } };

interface Proposals {
  readonly topics: readonly { topic: string; payload: string; kind: string; account: string }[];
  readonly proposals: readonly { mapping: { id: string } }[];
  readonly unheard: number;
}

async function connect(gateway: GatewayHandle, username: string): Promise<MqttClient & AsyncDisposable> {
  const client = await connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
    username,
    password: `${username}-password`,
    reconnectPeriod: 0,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.endAsync(true) });
}

/** The API as a program of the network uses it. */
function api(gateway: GatewayHandle, caller: Caller) {
  return {
    put: (id: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      call(gateway, "PUT", `/api/v1/mappings/${encodeURIComponent(id)}`, {
        body,
        headers: { ...caller.headers, ...headers },
      }),
    get: async <View>(path: string): Promise<View> =>
      (await call(gateway, "GET", path, { headers: caller.headers })).body as View,
  };
}

describe("plain topics and whoever means harm", () => {
  test("a flood of topics, huge and broken payloads cost neither memory nor the topics of others", async () => {
    using folder = temporaryFolder("plain-hostile");
    const { config, data } = house(folder.path, { accounts: ACCOUNTS });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { get, put } = api(gateway, await setUp(gateway));
    await using node = await connect(gateway, "node");
    await using probe = await connect(gateway, "probe");
    await node.publishAsync("farm/room1/temp", "31", { qos: 1 });
    await probe.publishAsync("big/one", Buffer.alloc(1_000_000, "x"), { qos: 1 });
    await probe.publishAsync("big/json", `{"a":"${"x".repeat(900_000)}"}`, { qos: 1 });
    await probe.publishAsync("bytes", Buffer.from([0xff, 0xfe, 0]), { qos: 1 });
    await probe.publishAsync("deep", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, { qos: 1 });
    await probe.publishAsync("proto/__proto__/temp", '{"__proto__":{"toString":1},"temp":3}', { qos: 1 });
    for (let start = 0; start < 100_000; start += 5_000) {
      const sent = Array.from({ length: 5_000 }, (_, index) =>
        probe.publishAsync(`flood/${start + index}`, "1", { qos: 0 }),
      );
      await Promise.all(sent);
    }
    await probe.publishAsync("flood/last", "1", { qos: 1 });
    const { proposals, topics, unheard } = await get<Proposals>("/api/v1/mappings/proposals");
    expect(topics.length).toBeLessThanOrEqual(512);
    expect(unheard).toBeGreaterThan(50_000);
    expect(topics.filter(({ account }) => account === "node").map(({ topic }) => topic)).toEqual([
      "farm/room1/temp",
    ]);
    expect(Math.max(...topics.map(({ payload }) => payload.length))).toBeLessThanOrEqual(120);
    expect(proposals.some(({ mapping }) => mapping.id === "farm-room1")).toBe(true);
    expect(proposals.length).toBeLessThanOrEqual(64);

    // A mapping reads none of that, and goes on with the next good value.
    expect((await put("room1", ROOM)).status).toBe(200);
    for (const payload of ["NaN", "1e400", Buffer.from([0xff]), Buffer.alloc(1_000_000, "9")]) {
      await node.publishAsync("farm/room1/temp", payload, { qos: 1 });
      const got = await tram(["get", "room1", "temperature", "--json"], { TRAM_DATA: data });
      expect(JSON.parse(got.stdout)).toMatchObject({ value: 31, quality: "bad" });
    }
    await node.publishAsync("farm/room1/temp", "32", { qos: 1 });
    const good = await tram(["get", "room1", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(good.stdout)).toMatchObject({ value: 32, quality: "good" });
    expect(gateway.process.stderr).not.toMatch(/threw|TypeError/);
  }, 120_000);

  test("only administrators see payloads and make mappings; what cannot be is refused with its place", async () => {
    using folder = temporaryFolder("plain-hostile");
    const { config } = house(folder.path, {
      accounts: ACCOUNTS,
      extra: "modules: [{ id: greenhouse, use: sim }]",
    });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const { get, put } = api(gateway, admin);
    const made = await call(gateway, "POST", "/api/v1/tokens", {
      ...admin,
      body: { name: "panel", scopes: ["read", "control"] },
    });
    const bearer = { headers: { authorization: `Bearer ${(made.body as { token: string }).token}` } };
    for (const path of ["", "/proposals", "/room1"]) {
      expect((await call(gateway, "GET", `/api/v1/mappings${path}`, bearer)).status, path).toBe(403);
    }
    expect((await call(gateway, "PUT", "/api/v1/mappings/room1", { ...bearer, body: ROOM })).status).toBe(
      403,
    );
    expect((await call(gateway, "DELETE", "/api/v1/mappings/room1", bearer)).status).toBe(403);

    expect(await put("__proto__", { ...ROOM, id: "__proto__" })).toMatchObject({ status: 400 });
    expect(await put("..%2fx", ROOM)).toMatchObject({ status: 422, body: { errors: [{ path: "id" }] } });
    expect(await put("greenhouse-fan", { ...ROOM, id: "greenhouse-fan" })).toMatchObject({
      status: 409,
      body: { code: "taken", detail: "There is a Thing greenhouse-fan already, of module:greenhouse." },
    });
    expect(await put("house", { ...ROOM, id: "house" })).toMatchObject({ status: 409 });
    for (const topic of [
      "homie/5/greenhouse-fan/fan/on/set",
      "$SYS/broker/uptime",
      "tram/1/x",
      "homeassistant/x",
      "+",
    ]) {
      const refused = await put("x", { id: "x", properties: { "pump/on": { write: { topic } } } });
      expect(refused, topic).toMatchObject({
        status: 422,
        body: { code: "invalid-mapping", errors: [{ path: "properties.pump/on.write.topic" }] },
      });
    }
    const path = "a.".repeat(100).slice(0, -1);
    expect(
      await put("x", { id: "x", properties: { "air/temperature": { read: { topic: "x", path } } } }),
    ).toMatchObject({
      body: {
        errors: [{ path: "properties.air/temperature.read.path", problem: "expected at most 16 steps" }],
      },
    });

    const first = await put("room1", ROOM);
    expect(first.status).toBe(200);
    const tag = first.headers.get("etag") ?? "";
    expect(tag).toMatch(/^"[\w-]{16}"$/);
    expect((await put("room1", { ...ROOM, title: "A" }, { "if-match": tag })).status).toBe(200);
    expect(await put("room1", { ...ROOM, title: "B" }, { "if-match": tag })).toMatchObject({
      status: 409,
      body: { code: "changed" },
    });
    expect(await get("/api/v1/mappings/room1")).toMatchObject({ mapping: { title: "A" }, active: true });
    // A rule sees the Thing as any other.
    const rule =
      "id: r\ntriggers: [{ numeric: { property: room1/air/temperature, above: 30 } }]\nactions: [{ notify: hot }]";
    const check = await call(gateway, "POST", "/api/v1/rules/check", { ...admin, body: { text: rule } });
    expect(check.body).toMatchObject({ problems: [], warnings: [] });
  });
});
