import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { CloudDesk, CloudRequest, CloudThing } from "@tram/core";
import type { Thing } from "@tram/protocol";
import { NO_REQUESTS, RealClock, VirtualClock } from "@tram/testkit";
import mqtt from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { Mosquitto, mosquittoIsMissing } from "../testing/mosquitto.ts";
import { MqttProvider, type MqttProviderOptions } from "./mqtt.ts";
import { HomieDialect } from "./mqtt-homie.ts";

const unused = new AbortController().signal;
const PUMP: Thing = {
  id: "pump",
  title: "Pump",
  properties: {
    "motor/on": { type: "boolean" },
    "motor/speed": { type: "number", minimum: 0, maximum: 10 },
    "button/press": { type: "string", readOnly: true, momentary: true },
  },
};

function house() {
  const things = new Map<string, CloudThing>([
    ["pump", { id: "pump", title: "Pump", available: true, description: PUMP, state: "ready" }],
  ]);
  const listeners = new Set<(id: string) => void>();
  const asked: CloudRequest[] = [];
  const desk: CloudDesk = {
    ...NO_REQUESTS,
    ask: async (request) => {
      asked.push(request);
      return { outcome: "accepted" };
    },
    things: () => things.values(),
    snapshot: () => [
      {
        class: "telemetry",
        group: "pump",
        thing: "pump",
        name: "motor/speed",
        time: 0,
        value: 3,
        quality: "good",
      },
    ],
    onThing: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  const tell = (id: string): void => {
    for (const listener of listeners) listener(id);
  };
  const dialect = new HomieDialect({
    gateway: "gw",
    describe: (thing) => things.get(thing)?.description,
    newId: () => `made-${asked.length}`,
  });
  return { things, asked, desk, tell, dialect, listeners };
}

function provider(
  port: number,
  dialect: HomieDialect,
  more: Partial<MqttProviderOptions> = {},
): MqttProvider {
  return new MqttProvider({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: "tram-gw",
    protocolVersion: 5,
    keepaliveS: () => 30,
    hearsForS: 60,
    dialect,
    clock: new RealClock(),
    ...more,
  });
}

/** What is retained at a broker. */
async function retainedAt(port: number) {
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port, reconnectPeriod: 0 });
  onTestFinished(() => void client.end(true));
  const kept = new Map<string, string>();
  client.on("message", (topic, payload) => {
    if (payload.length === 0) kept.delete(topic);
    else kept.set(topic, payload.toString());
  });
  await client.subscribeAsync("homie/5/#", { qos: 1 });
  return { client, kept };
}

describe.skipIf(mosquittoIsMissing())("Homie at a real mosquitto", () => {
  it("has the gateway as its root, the Things with their states, and their values", async () => {
    await using mosquitto = await Mosquitto.open();
    const { desk, dialect, things, tell, listeners } = house();
    const connection = await provider(mosquitto.port, dialect).connect(unused, desk);
    const { kept } = await retainedAt(mosquitto.port);
    await expect.poll(() => kept.get("homie/5/gw/$state")).toBe("ready");
    expect(JSON.parse(kept.get("homie/5/gw/$description") ?? "")).toMatchObject({
      homie: "5.0",
      children: ["pump"],
    });
    expect(JSON.parse(kept.get("homie/5/pump/$description") ?? "")).toMatchObject({
      name: "Pump",
      root: "gw",
      nodes: { motor: { properties: { on: { datatype: "boolean", settable: true } } } },
    });
    expect([kept.get("homie/5/pump/$state"), kept.get("homie/5/pump/motor/speed")]).toEqual(["ready", "3"]);

    const value = {
      id: "m",
      class: "state",
      group: "pump",
      thing: "pump",
      name: "motor/on",
      time: 0,
      value: true,
      quality: "good",
    } as const;
    const press = { ...value, name: "button/press", value: "long" };
    expect(await connection.publish([value, press])).toEqual([
      { outcome: "acknowledged" },
      { outcome: "acknowledged" },
    ]);
    await expect.poll(() => kept.get("homie/5/pump/motor/on")).toBe("true");
    const { kept: later } = await retainedAt(mosquitto.port);
    await expect.poll(() => later.get("homie/5/pump/motor/on")).toBe("true");
    expect(later.has("homie/5/pump/button/press")).toBe(false);

    things.set("pump", { ...(things.get("pump") as CloudThing), available: false, state: "sleeping" });
    tell("pump");
    await expect.poll(() => kept.get("homie/5/pump/$state")).toBe("sleeping");
    things.delete("pump");
    tell("pump");
    await expect.poll(() => kept.has("homie/5/pump/$description")).toBe(false);
    await expect.poll(() => JSON.parse(kept.get("homie/5/gw/$description") ?? "{}").children).toEqual([]);
    await connection[Symbol.asyncDispose]();
    // Who vanishes without a word is lost.
    await expect.poll(() => kept.get("homie/5/gw/$state")).toBe("lost");
    await expect.poll(() => listeners.size).toBe(0);
  });

  it("takes what is set, in Homie's words, and nothing retained or malformed", async () => {
    await using mosquitto = await Mosquitto.open();
    const { desk, dialect, asked } = house();
    await using _connection = await provider(mosquitto.port, dialect).connect(unused, desk);
    const { client } = await retainedAt(mosquitto.port);
    await client.publishAsync("homie/5/pump/motor/speed/set", "fast", { qos: 1 });
    await client.publishAsync("homie/5/pump/motor/on/set", "true", { qos: 1 });
    await client.publishAsync("homie/5/pump/motor/speed/set", "7.5", { qos: 1 });
    await expect
      .poll(() => asked)
      .toMatchObject([
        { thing: "pump", target: { property: "motor/on" }, value: true },
        { thing: "pump", target: { property: "motor/speed" }, value: 7.5 },
      ]);
  });
});

describe("a broker that takes the connection and acknowledges nothing", () => {
  it("is given up, and says why", async () => {
    const heard = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (bytes) => {
        const type = (bytes[0] ?? 0) >> 4;
        // MQTT 3.1.1 §3.2, §3.9: connected, and subscribed.
        if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
        if (type === 8) socket.write(Buffer.from([0x90, 3, bytes[2] ?? 0, bytes[3] ?? 0, 1]));
        if (type === 3) heard.resolve();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { desk, dialect, listeners } = house();
    const clock = new VirtualClock();
    const connecting = provider(port, dialect, { clock, protocolVersion: 4 }).connect(unused, desk);
    const refused = expect(connecting).rejects.toMatchObject({
      code: "timeout",
      message: `127.0.0.1:${port}: it does not acknowledge what it is sent`,
    });
    await heard.promise;
    await clock.advance(60_000);
    await refused;
    await expect.poll(() => listeners.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe("a description", () => {
  it("of a property that is gone lets its old messages go", () => {
    const { dialect } = house();
    const old = {
      id: "m",
      class: "state",
      group: "pump",
      thing: "pump",
      name: "motor/gone",
      time: 0,
      value: 1,
      quality: "good",
    } as const;
    expect(dialect.encode(old)).toHaveProperty("unfit");
  });
});
