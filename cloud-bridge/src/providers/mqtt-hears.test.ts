import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { CloudAnswer, CloudDesk, CloudRequest, TurnedAway } from "@tram/core";
import { NO_REQUESTS, RealClock } from "@tram/testkit";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Mapping } from "../mapping.ts";
import { Mosquitto, mosquittoIsMissing } from "../testing/mosquitto.ts";
import { TcpLine } from "../testing/tcp-line.ts";
import { CarefulWindow } from "./careful-window.ts";
import { MqttProvider } from "./mqtt.ts";
import { MqttConnection } from "./mqtt-connection.ts";
import { JsonDialect } from "./mqtt-json.ts";

const mapping = new Mapping({ gateway: "gw" });
const unused = new AbortController().signal;
let ids = 0;

function provider(port: number, protocolVersion: 4 | 5): MqttProvider {
  return new MqttProvider({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: "tram-gw",
    protocolVersion,
    keepaliveS: () => 30,
    hearsForS: 60,
    dialect: new JsonDialect({ mapping, manages: false, newId: () => `made-${++ids}` }),
    clock: new RealClock(),
  });
}

/** A house that is asked, and answers as the test says. */
function desk(answer: (request: CloudRequest) => CloudAnswer | Promise<CloudAnswer>) {
  const asked: CloudRequest[] = [];
  const turnedAway: TurnedAway[] = [];
  const hearing: CloudDesk = {
    ...NO_REQUESTS,
    ask: async (request) => {
      asked.push(request);
      return await answer(request);
    },
    turnedAway: (what) => turnedAway.push(what),
  };
  return { hearing, asked, turnedAway };
}

interface Answered {
  readonly topic: string;
  readonly answer: Record<string, unknown>;
  readonly properties: IPublishPacket["properties"];
}

/** Somebody in the cloud, and what they are answered. */
async function cloud(
  port: number,
  options: IClientOptions = {},
): Promise<{ client: MqttClient; answers: Answered[] }> {
  const client = await mqtt.connectAsync({
    host: "127.0.0.1",
    port,
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options,
  });
  onTestFinished(() => void client.end(true));
  const answers: Answered[] = [];
  client.on("message", (topic, payload, packet) =>
    answers.push({ topic, answer: JSON.parse(payload.toString()), properties: packet.properties }),
  );
  await client.subscribeAsync(["tram/gw/+/+/+/command", "tram/gw/+/+/command", "answers/#"], { qos: 1 });
  return { client, answers };
}

const ACCEPTED: CloudAnswer = { outcome: "accepted" };
const FORBIDDEN: CloudAnswer = { outcome: "refused", code: "forbidden", reason: "not here" };

describe.skipIf(mosquittoIsMissing())("commands over a real mosquitto", () => {
  it.each([4, 5] as const)("reach the house, and a refusal comes back, MQTT %s", async (version) => {
    await using mosquitto = await Mosquitto.open();
    const { hearing, asked } = desk(() => FORBIDDEN);
    await using _connection = await provider(mosquitto.port, version).connect(unused, hearing);
    const { client, answers } = await cloud(mosquitto.port);
    await client.publishAsync("tram/gw/pump/motor/power/set", '{"id":"r-1","value":true}', { qos: 1 });
    await expect
      .poll(() => answers)
      .toMatchObject([
        {
          topic: "tram/gw/pump/motor/power/command",
          answer: { request: "r-1", state: "refused", code: "forbidden", reason: "not here" },
        },
      ]);
    expect(asked).toMatchObject([{ id: "r-1", thing: "pump", value: true }]);
  });

  it("are answered where MQTT 5 says", async () => {
    await using mosquitto = await Mosquitto.open();
    const { hearing } = desk(() => FORBIDDEN);
    await using _connection = await provider(mosquitto.port, 5).connect(unused, hearing);
    const { client, answers } = await cloud(mosquitto.port);
    const correlationData = Buffer.from("c-7");
    await client.publishAsync("tram/gw/pump/rinse/invoke", "1", {
      qos: 1,
      properties: { responseTopic: "answers/7", correlationData },
    });
    await expect.poll(() => answers).toMatchObject([{ topic: "answers/7", properties: { correlationData } }]);
  });

  it("are not taken from what is retained, and that is told", async () => {
    await using mosquitto = await Mosquitto.open();
    const { client } = await cloud(mosquitto.port);
    await client.publishAsync("tram/gw/pump/motor/power/set", "true", { qos: 1, retain: true });
    const { hearing, asked, turnedAway } = desk(() => ACCEPTED);
    await using _connection = await provider(mosquitto.port, 5).connect(unused, hearing);
    await expect.poll(() => turnedAway).toMatchObject([{ code: "retained" }]);
    expect(asked).toEqual([]);
  });

  it("are acknowledged only once the house has them: what it had no time for comes again, MQTT 5", async () => {
    await using mosquitto = await Mosquitto.open();
    await using line = await TcpLine.open(mosquitto.port);
    const tested = provider(line.port, 5);
    const never = desk(() => new Promise<CloudAnswer>(() => undefined));
    const first = await tested.connect(unused, never.hearing);
    const { client } = await cloud(mosquitto.port);
    await client.publishAsync("tram/gw/pump/motor/power/set", '{"id":"r-1","value":true}', { qos: 1 });
    await expect.poll(() => never.asked.length).toBe(1);
    // Meanwhile what is published is acknowledged: the house that thinks stops nobody.
    const message = {
      id: "m",
      class: "telemetry",
      group: "p",
      thing: "p",
      name: "a/b",
      time: 0,
      value: 1,
      quality: "good",
    } as const;
    expect(await first.publish([message])).toEqual([{ outcome: "acknowledged" }]);
    await line.cut();
    await first.closed;
    const second = desk(() => ACCEPTED);
    const again = await tested.connect(unused, second.hearing);
    await expect.poll(() => second.asked).toMatchObject([{ id: "r-1" }]);
    await again[Symbol.asyncDispose]();
    // And not once more, now that it was acknowledged.
    const third = desk(() => ACCEPTED);
    await using _last = await tested.connect(unused, third.hearing);
    await client.publishAsync("tram/gw/pump/motor/power/set", '{"id":"r-2","value":true}', { qos: 1 });
    await expect.poll(() => third.asked.map(({ id }) => id)).toEqual(["r-2"]);
  });

  it("that are given while nobody is there wait with MQTT 5 as long as they may be old, and not with 3.1.1", async () => {
    for (const version of [4, 5] as const) {
      await using mosquitto = await Mosquitto.open();
      const tested = provider(mosquitto.port, version);
      const before = await tested.connect(unused, NO_REQUESTS);
      await before[Symbol.asyncDispose]();
      const { client } = await cloud(mosquitto.port);
      await client.publishAsync("tram/gw/pump/motor/power/set", "true", { qos: 1 });
      const { hearing, asked } = desk(() => ACCEPTED);
      await using _connection = await tested.connect(unused, hearing);
      await client.publishAsync("tram/gw/fan/motor/power/set", "true", { qos: 1 });
      const expected = version === 5 ? ["pump", "fan"] : ["fan"];
      await expect.poll(() => asked.map((request) => "thing" in request && request.thing)).toEqual(expected);
    }
  });

  it("of any size and number are bounded, and the line goes on", async () => {
    await using mosquitto = await Mosquitto.open({
      lines: ["max_queued_messages 0", "max_inflight_messages 0"],
    });
    let open = 0;
    let most = 0;
    const { hearing, asked, turnedAway } = desk(async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      return ACCEPTED;
    });
    await using connection = await provider(mosquitto.port, 4).connect(unused, hearing);
    const { client } = await cloud(mosquitto.port);
    await client.publishAsync("tram/gw/pump/motor/power/set", Buffer.alloc(2_000_000, 0x31), { qos: 1 });
    for (let turn = 0; turn < 2_000; turn++) client.publish("tram/gw/pump/motor/power/set", "1", { qos: 1 });
    await client.publishAsync("tram/gw/pump/motor/power/set", '{"id":"last","value":1}', { qos: 1 });
    await expect.poll(() => asked.length + turnedAway.length, { timeout: 20_000 }).toBe(2_002);
    expect(turnedAway.filter(({ code }) => code === "too-large").length).toBe(1);
    expect(most).toBeLessThanOrEqual(16);
    const message = {
      id: "m",
      class: "telemetry",
      group: "p",
      thing: "p",
      name: "a/b",
      time: 0,
      value: 1,
      quality: "good",
    } as const;
    expect(await connection.publish([message])).toEqual([{ outcome: "acknowledged" }]);
  });

  it("that we may not hear leave no connection that looks sound", async () => {
    await using mosquitto = await Mosquitto.open();
    const tested = provider(mosquitto.port, 5);
    const connection = await tested.connect(unused, NO_REQUESTS);
    await mosquitto.stop();
    expect(await connection.closed).toContain("127.0.0.1");
  });
});

/** A broker of MQTT 3.1.1 that takes subscriptions and then says exactly these bytes; what it hears is kept. */
async function rawBroker(said: Buffer) {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      heard.push(bytes);
      const type = (bytes[0] ?? 0) >> 4;
      if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
      // SUBSCRIBE with two filters: the packet identifier follows the fixed header of two bytes.
      if (type === 8)
        socket.write(Buffer.concat([Buffer.from([0x90, 4, bytes[2] ?? 0, bytes[3] ?? 0, 1, 1]), said]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, heard, [Symbol.dispose]: () => void server.close() };
}

describe("a broker that knows no bounds", () => {
  it("gets an answer to what is too large to be read: it would send it for ever", async () => {
    const topic = Buffer.from("tram/gw/pump/motor/power/set");
    const length = 2 + topic.length + 2 + 300_000;
    const head = [0x32, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14, 0, topic.length];
    const publish = Buffer.concat([
      Buffer.from(head),
      topic,
      Buffer.from([0, 7]),
      Buffer.alloc(300_000, 0x31),
    ]);
    using broker = await rawBroker(publish);
    const { hearing, asked, turnedAway } = desk(() => ACCEPTED);
    await using _connection = await provider(broker.port, 4).connect(unused, hearing);
    await expect.poll(() => turnedAway).toMatchObject([{ where: topic.toString(), code: "too-large" }]);
    await expect.poll(() => Buffer.concat(broker.heard).subarray(-4)).toEqual(Buffer.from([0x40, 2, 0, 7]));
    expect(asked).toEqual([]);
  });

  it("is left when it sends QoS 2: what nobody asked for would be held for ever", async () => {
    const topic = Buffer.from("tram/gw/pump/motor/power/set");
    const head = [0x34, 2 + topic.length + 2 + 1, 0, topic.length];
    using broker = await rawBroker(Buffer.concat([Buffer.from(head), topic, Buffer.from([0, 7, 0x31])]));
    const { hearing, asked } = desk(() => ACCEPTED);
    // It comes with the answer to the subscription, and takes that along.
    await expect(provider(broker.port, 4).connect(unused, hearing)).rejects.toThrow(
      "it sent a message of QoS 2, which nobody has asked for",
    );
    expect(asked).toEqual([]);
  });

  it("is left when it talks and does not listen: its answers would wait in memory", {
    timeout: 30_000,
  }, async () => {
    // What the system's own buffers hold would take minutes to fill: here nothing of an answer ever leaves.
    const { write } = Socket.prototype;
    const stuck = vi.spyOn(Socket.prototype, "write").mockImplementation(function (this: Socket, ...args) {
      const [bytes] = args;
      const isAnswer = Buffer.isBuffer(bytes) && bytes.length === 4 && bytes[0] === 0x40;
      return isAnswer || (write as (...all: unknown[]) => boolean).apply(this, args);
    });
    onTestFinished(() => stuck.mockRestore());
    using broker = await floodingBroker("t", 1);
    const clock = new RealClock();
    const connection = await MqttConnection.open(
      { host: "127.0.0.1", port: broker.port, clientId: "gw", protocolVersion: 4, keepaliveS: 30, clock },
      {
        encode: () => ({ unfit: "nothing goes there" }),
        careful: new CarefulWindow(1),
        clock,
        // Whoever has looked at a message at once.
        subscriptions: [{ filters: ["t", "u"], qos: 1, onMessage: async () => undefined }],
      },
      unused,
    );
    expect(await connection.closed).toContain("it does not read what it is answered");
  });

  it.each([0, 1] as const)(
    "is left when it sends what nobody hears, and holds nobody up, QoS %s",
    async (qos) => {
      using broker = await floodingBroker("t", qos);
      const turns = monitorEventLoopDelay({ resolution: 5 });
      turns.enable();
      const connection = await provider(broker.port, 4).connect(unused, NO_REQUESTS);
      expect(await connection.closed).toContain("it sends what nobody has subscribed to");
      turns.disable();
      expect(turns.max / 1e6).toBeLessThan(400);
    },
  );
});

/** A broker that takes a subscription, and says something on a topic as fast as it is read. */
async function floodingBroker(topic: string, qos: 0 | 1) {
  const name = Buffer.from(topic);
  const id = qos === 0 ? [] : [0, 7];
  const one = Buffer.from([
    0x30 | (qos << 1),
    2 + name.length + id.length + 1,
    0,
    name.length,
    ...name,
    ...id,
    0x31,
  ]);
  const block = Buffer.concat(Array.from({ length: 1_000 }, () => one));
  const server = createServer((socket) => {
    const talk = (): void => {
      // Its own turns must not be what holds the process.
      if (!socket.destroyed && socket.write(block)) setImmediate(talk);
    };
    socket.on("error", () => socket.destroy());
    socket.on("drain", () => setImmediate(talk));
    socket.on("data", (bytes) => {
      const type = (bytes[0] ?? 0) >> 4;
      if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
      if (type === 8) {
        socket.write(Buffer.from([0x90, 4, bytes[2] ?? 0, bytes[3] ?? 0, 1, 1]));
        talk();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => void server.close() };
}
