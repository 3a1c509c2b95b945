import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { Bluemix } from "./bluemix.ts";
import { GATEWAY, next, optionsOf, TOKEN } from "./testing/gateway.ts";

let cloud: Bluemix;
const clients: MqttClient[] = [];

async function begin(options: Parameters<typeof Bluemix.open>[0] = {}): Promise<void> {
  cloud = await Bluemix.open({ clock: new VirtualClock(), ...options });
  cloud.registry.addGateway(GATEWAY, TOKEN);
  cloud.registry.addType("thing");
}
beforeEach(() => begin());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await cloud[Symbol.asyncDispose]();
});

async function connect(more: IClientOptions = {}): Promise<MqttClient> {
  const client = mqtt.connect({ ...optionsOf(cloud), ...more });
  clients.push(client);
  client.on("error", () => undefined);
  await next(client, "connect");
  return client;
}

async function refusal(more: IClientOptions): Promise<number> {
  const client = mqtt.connect({ ...optionsOf(cloud), ...more });
  clients.push(client);
  const error = (await next(client, "error")) as { readonly code?: number };
  return error.code ?? -1;
}

const codes = (): readonly string[] => cloud.incidents.map(({ code }) => code);
const event = (type: string, id: string, rest = "evt/status/fmt/json"): string =>
  `iot-2/type/${type}/id/${id}/${rest}`;
const publish = (client: MqttClient, topic: string, payload: string | Buffer = "{}") =>
  client.publishAsync(topic, payload, { qos: 1 });

/** Everything that comes, in order. */
function inbox(client: MqttClient): { readonly topic: string; readonly body: Record<string, unknown> }[] {
  const heard: { topic: string; body: Record<string, unknown> }[] = [];
  client.on("message", (topic, payload) =>
    heard.push({ topic, body: JSON.parse(payload.toString()) as Record<string, unknown> }),
  );
  return heard;
}

describe("CONNECT", () => {
  test.each<[string, (org: string) => IClientOptions, number, string]>([
    ["a device's client id", (org) => ({ clientId: `d:${org}:gw:farm` }), 2, "client-id"],
    ["a name with other characters", (org) => ({ clientId: `g:${org}:gw:fa rm` }), 2, "client-id"],
    ["a name of 37 characters", (org) => ({ clientId: `g:${org}:gw:${"x".repeat(37)}` }), 2, "client-id"],
    ["another user", () => ({ username: "me" }), 4, "user-name"],
    ["another organisation", () => ({ clientId: "g:other1:gw:farm" }), 5, "unknown-org"],
    ["a gateway that nobody registered", (org) => ({ clientId: `g:${org}:gw:barn` }), 5, "unknown-gateway"],
    ["another token", () => ({ password: "other" }), 5, "wrong-token"],
  ])("with %s is refused", async (_name, options, code, incident) => {
    expect(await refusal(options(cloud.registry.org))).toBe(code);
    expect(codes()).toEqual([incident]);
    expect(cloud.connected).toEqual([]);
  });

  test("with MQTT 5 is refused", async () => {
    await refusal({ protocolVersion: 5 });
    expect(codes()).toEqual(["protocol-version"]);
  });

  test("of a second client with the id ends the first", async () => {
    const first = await connect();
    const gone = next(first, "close");
    await connect();
    await gone;
    expect(codes()).toEqual(["taken-over"]);
    expect(cloud.connected).toHaveLength(1);
  });

  test("ends when the gateway is silent for one and a half times its keep-alive", async () => {
    const client = await connect({ keepalive: 600 });
    const gone = next(client, "close");
    cloud.clock.skip(899_000);
    expect(cloud.connected).toHaveLength(1);
    cloud.clock.skip(1_000);
    await gone;
    expect(codes()).toEqual(["keepalive"]);
  });

  test("that is silent or not available, by a fault", async () => {
    cloud.faults.connects = "unavailable";
    expect(await refusal({})).toBe(3);
    cloud.faults.connects = "hang-up";
    await refusal({});
    expect(codes()).toEqual(["connect-refused", "connect-refused"]);
  });
});

describe("PUBLISH", () => {
  test("for the gateway and its devices is taken, and registers them", async () => {
    const client = await connect();
    await publish(client, event("gw", "farm"));
    await publish(client, event("thing", "pump"));
    expect(cloud.events().map(({ device }) => device.id)).toEqual(["farm", "pump"]);
    expect(cloud.registry.devices).toEqual(["thing/pump"]);
    expect(codes()).toEqual([]);
  });

  test.each([
    ["a topic that is no rule's", "iot-2/evt/status/fmt/json", "topic", "Topic does not match"],
    [
      "something that devices do not say",
      "iotdevice-1/type/gw/id/farm/mgmt/dance",
      "topic",
      "Topic does not match",
    ],
    ["no format", event("thing", "pump", "evt/status"), "topic", "Topic does not match"],
    ["an id of 37 characters", event("thing", "x".repeat(37)), "device-id", "Device ID is not valid"],
    ["an id with other characters", event("thing", "a b"), "device-id", "Device ID is not valid"],
    ["a type with other characters", event("t*", "pump"), "device-type", "Device type is not valid"],
    ["a type that there is not", event("sheep", "pump"), "device-type", "Device type is not valid"],
    ["another gateway", event("gw", "barn"), "other-gateway", "Topic does not match"],
  ])("for %s is acknowledged, thrown away and notified", async (_name, topic, incident, words) => {
    cloud.registry.addGateway({ type: "gw", id: "barn" }, "x");
    const client = await connect();
    await client.subscribeAsync("iot-2/type/gw/id/farm/notify", { qos: 1 });
    const heard = inbox(client);
    await publish(client, topic);
    expect([codes(), cloud.events()]).toEqual([[incident], []]);
    expect(heard).toEqual([]);
    cloud.clock.skip(20);
    await expect.poll(() => heard.length).toBe(1);
    expect(heard[0]?.body).toMatchObject({ Request: "publish", Topic: topic, RC: 400 });
    expect(heard[0]?.body.Message).toContain(words);
  });

  test("for a device that may not be registered is notified once, then dropped for a while", async () => {
    cloud.registry.autoRegister = false;
    const client = await connect();
    await publish(client, event("thing", "pump"));
    await publish(client, event("thing", "pump"));
    cloud.clock.skip(60_000);
    await publish(client, event("thing", "pump"));
    expect(codes()).toEqual(["device-id", "registration-pause", "device-id"]);
    cloud.registry.addDevice({ type: "thing", id: "pump" });
    await publish(client, event("thing", "pump"));
    expect(cloud.events()).toHaveLength(1);
  });

  test("for more devices than a gateway may have is dropped, until it has connected again", async () => {
    await cloud[Symbol.asyncDispose]();
    await begin({ limits: { activeDevices: 2 } });
    const client = await connect();
    for (const id of ["a", "b", "c", "a"]) await publish(client, event("thing", id));
    expect([cloud.events().length, codes()]).toEqual([3, ["too-many-devices"]]);
    await client.endAsync();
    await publish(await connect(), event("thing", "c"));
    expect(cloud.events().at(-1)?.device.id).toBe("c");
  });

  test("of what is too long ends the connection", async () => {
    const client = await connect();
    await publish(client, event("gw", "farm"), Buffer.alloc(131_072));
    const gone = next(client, "close");
    void publish(client, event("gw", "farm"), Buffer.alloc(131_073)).catch(() => undefined);
    await gone;
    expect([codes(), cloud.events().length]).toEqual([["payload-too-large"], 1]);
  });

  test("with QoS 2 ends the connection", async () => {
    const client = await connect();
    const gone = next(client, "close");
    void client.publishAsync(event("gw", "farm"), "{}", { qos: 2 }).catch(() => undefined);
    await gone;
    expect(codes()).toEqual(["qos-2"]);
  });

  test("with retain is processed as if it had none", async () => {
    const client = await connect();
    await client.publishAsync(event("gw", "farm"), "{}", { qos: 1, retain: true });
    expect([codes(), cloud.events().length]).toEqual([["retain-cleared"], 1]);
  });

  test("above the rate waits, and is not lost", async () => {
    await cloud[Symbol.asyncDispose]();
    await begin({ limits: { messagesPerS: 5 } });
    const client = await connect();
    const done = Promise.all(Array.from({ length: 8 }, () => publish(client, event("gw", "farm"))));
    await expect.poll(() => cloud.events().length).toBe(5);
    cloud.clock.skip(500);
    expect(cloud.events()).toHaveLength(5);
    cloud.clock.skip(600);
    await done;
    expect(cloud.events()).toHaveLength(8);
  });

  test("whose PUBACK is lost, by a fault, is taken", async () => {
    const client = await connect();
    cloud.faults.losePubacks(1);
    let acknowledged = false;
    publish(client, event("gw", "farm")).then(
      () => {
        acknowledged = true;
      },
      () => undefined,
    );
    await publish(client, event("gw", "farm"));
    expect([cloud.events().length, acknowledged]).toEqual([2, false]);
  });
});

describe("SUBSCRIBE", () => {
  test.each([
    "iot-2/type/gw/id/farm/cmd/+/fmt/+",
    "iot-2/type/+/id/+/cmd/+/fmt/+",
    "iot-2/type/gw/id/farm/notify",
    "iotdm-1/type/gw/id/farm/#",
    "iotdm-1/type/+/id/+/#",
  ])("to %s is granted", async (filter) => {
    const client = await connect();
    expect((await client.subscribeAsync(filter, { qos: 1 }))[0]?.qos).toBe(1);
    expect(codes()).toEqual([]);
  });

  test.each([
    "#",
    "iot-2/type/gw/id/farm/evt/+/fmt/+",
    "iot-2/type/gw/id/barn/notify",
    "iot-2/type/+/id/+/cmd/#",
    "iot-2/type/a b/id/+/cmd/+/fmt/+",
    "iotdevice-1/type/gw/id/farm/#",
  ])("to %s is refused", async (filter) => {
    const client = await connect();
    const granted = await client.subscribeAsync(filter, { qos: 1 }).catch(() => []);
    expect(granted.filter(({ qos }) => qos < 0x80)).toEqual([]);
    expect(codes()).toEqual(["filter"]);
  });

  test("hears commands of the whole organisation, where the filter says so", async () => {
    const client = await connect();
    await client.subscribeAsync("iot-2/type/thing/id/+/cmd/+/fmt/+", { qos: 1 });
    const heard = inbox(client);
    cloud.command({ type: "thing", id: "somebody" }, "set", { a: 1 });
    cloud.command(GATEWAY, "set", { a: 2 });
    cloud.command({ type: "thing", id: "pump" }, "set", { a: 3 });
    await expect.poll(() => heard.map(({ body }) => body.a)).toEqual([1, 3]);
  });

  test("keeps what comes meanwhile for a session alone", async () => {
    const filter = "iot-2/type/thing/id/+/cmd/+/fmt/+";
    const client = await connect({ clean: false });
    await client.subscribeAsync(filter, { qos: 1 });
    await client.endAsync();
    await expect.poll(() => cloud.connected).toEqual([]);
    cloud.command({ type: "thing", id: "pump" }, "set", { a: 1 });
    const again = mqtt.connect({ ...optionsOf(cloud), clean: false });
    clients.push(again);
    const heard = inbox(again);
    await expect.poll(() => heard.map(({ body }) => body.a)).toEqual([1]);
  });
});
