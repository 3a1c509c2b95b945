import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { house, startGateway, temporaryFolder } from "./processes.ts";

const PROBE = { username: "probe", password: "probe-password", reconnectPeriod: 0 } as const;

function dial(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  return mqtt.connectAsync(url, { ...PROBE, ...options }, false);
}

describe("MQTT over WebSocket at the HTTP port", () => {
  test("reaches the same broker, by both versions; a wrong password does not", async () => {
    using folder = temporaryFolder("listeners");
    const gateway = await startGateway(house(folder.path).config);
    await using _process = gateway.process;
    const url = `ws://127.0.0.1:${gateway.httpPort}/mqtt`;
    const tcp = await dial(`mqtt://127.0.0.1:${gateway.mqttPort}`);
    const heard: string[] = [];
    tcp.on("message", (topic, payload) => void heard.push(`${topic} ${payload.toString()}`));
    await tcp.subscribeAsync("room/#", { qos: 1 });
    for (const level of [4, 5] as const) {
      const web = await dial(url, { protocolVersion: level });
      await web.publishAsync(`room/${level}`, "21.5", { qos: 1 });
      await web.endAsync();
    }
    await expect.poll(() => heard).toEqual(["room/4 21.5", "room/5 21.5"]);
    await expect(dial(url, { password: "wrong" })).rejects.toThrow(/not authorized|bad user/i);
    await tcp.endAsync(true);
  });

  test("a page of another origin is turned away", async () => {
    using folder = temporaryFolder("listeners");
    const gateway = await startGateway(house(folder.path).config);
    await using _process = gateway.process;
    const url = `ws://127.0.0.1:${gateway.httpPort}/mqtt`;
    const from = (origin: string): IClientOptions => ({ wsOptions: { headers: { origin } } });
    await expect(dial(url, from("http://evil.example"))).rejects.toThrow(/connect to server/);
    const page = await dial(url, from(`http://127.0.0.1:${gateway.httpPort}`));
    await page.endAsync(true);
  });

  test("nobody is lost when the gateway stops, and nobody's will is told", async () => {
    using folder = temporaryFolder("listeners");
    const gateway = await startGateway(house(folder.path).config);
    await using process_ = gateway.process;
    const heard: string[] = [];
    const tcp = await dial(`mqtt://127.0.0.1:${gateway.mqttPort}`);
    tcp.on("message", (topic, payload) => void heard.push(`${topic} ${payload.toString()}`));
    await tcp.subscribeAsync(["wills/#", "homie/5/house/$state"]);
    const will = { topic: "wills/web", payload: Buffer.from("lost"), qos: 0 as const, retain: false };
    const web = await dial(`ws://127.0.0.1:${gateway.httpPort}/mqtt`, { will });
    web.on("message", (topic, payload) => void heard.push(`${topic} ${payload.toString()} (web)`));
    await web.subscribeAsync("homie/5/house/$state");
    await expect.poll(() => heard.length).toBe(2);
    const gone = Promise.all(
      [tcp, web].map((client) => new Promise((resolve) => client.once("close", () => resolve(undefined)))),
    );
    expect(await process_.end()).toMatchObject({ code: 0 });
    await gone;
    // The one over WebSocket has heard the goodbye too.
    expect(heard.slice(2).sort()).toEqual([
      "homie/5/house/$state disconnected",
      "homie/5/house/$state disconnected (web)",
    ]);
  });
});

test("further listeners; one on an interface that is not there is told, and hinders nothing", async () => {
  using folder = temporaryFolder("listeners");
  const { config } = house(folder.path, {
    accounts: `
  listeners:
    - { id: loop, protocol: ws, interface: lo, port: 0 }
    - { protocol: mqtt, interface: nowhere0, port: 11883 }
    - { protocol: mqtts, port: 0 }
  durable: ["alarms/#"]
  limits: { packet_bytes: 2048 }`,
  });
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  expect(gateway.process.stderr).toMatch(/the interface nowhere0 has no address/);
  expect(gateway.process.stderr).toMatch(/there is no certificate/);
  const client = await dial(`mqtt://127.0.0.1:${gateway.mqttPort}`, { protocolVersion: 5 });
  await client.publishAsync("alarms/smoke", "on", { qos: 1, retain: true });
  const closed = new Promise((resolve) => client.once("close", () => resolve(undefined)));
  client.on("error", () => undefined);
  client.publish("large", Buffer.alloc(4_096));
  await closed;
});
