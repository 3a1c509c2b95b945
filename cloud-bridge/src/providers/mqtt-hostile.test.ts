import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { CloudRequest, TurnedAway } from "@tram/core";
import { NO_REQUESTS, RealClock, VirtualClock } from "@tram/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { Mapping } from "../mapping.ts";
import { CarefulWindow } from "./careful-window.ts";
import { MqttProvider } from "./mqtt.ts";
import { MqttConnection, type MqttConnectionOptions } from "./mqtt-connection.ts";
import { JsonDialect } from "./mqtt-json.ts";

const unused = new AbortController().signal;

interface BrokerOptions {
  readonly version?: 4 | 5;
  /** Properties of CONNACK, MQTT 5. */
  readonly properties?: readonly number[];
  /** Whether messages are acknowledged. Default: yes. */
  readonly acknowledges?: boolean;
  /** Said behind the answer to the subscription. */
  readonly onSubscribed?: (socket: Socket) => void;
}

/** A broker as far as these tests need it: one packet after the other, none longer than 127 bytes. */
async function broker(
  options: BrokerOptions = {},
): Promise<{ readonly port: number; readonly heard: Buffer[] }> {
  const { version = 4, properties = [], acknowledges = true, onSubscribed } = options;
  const heard: Buffer[] = [];
  const answer = (socket: Socket, packet: Buffer): void => {
    const type = (packet[0] ?? 0) >> 4;
    if (type === 1) {
      const more = version === 5 ? [properties.length, ...properties] : [];
      socket.write(Buffer.from([0x20, 2 + more.length, 0, 0, ...more]));
    } else if (type === 8) {
      // Behind the fixed header comes the packet identifier; a filter is followed by its options.
      const id = [packet[2] ?? 0, packet[3] ?? 0];
      const codes = filtersIn(packet, version).map(() => 1);
      const body = version === 5 ? [...id, 0, ...codes] : [...id, ...codes];
      socket.write(Buffer.from([0x90, body.length, ...body]));
      onSubscribed?.(socket);
    } else if (type === 3 && acknowledges) {
      const at = 4 + packet.readUInt16BE(2);
      socket.write(Buffer.from([0x40, 2, packet[at] ?? 0, packet[at + 1] ?? 0]));
    }
  };
  const server = createServer((socket) => {
    let held: Buffer = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      for (
        let size = 2 + (held[1] ?? 0);
        held.length >= 2 && held.length >= size;
        size = 2 + (held[1] ?? 0)
      ) {
        const packet = held.subarray(0, size);
        held = held.subarray(size);
        heard.push(packet);
        answer(socket, packet);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, heard };
}

function filtersIn(packet: Buffer, version: 4 | 5): string[] {
  const filters: string[] = [];
  for (let at = version === 5 ? 5 : 4; at < packet.length; ) {
    const length = packet.readUInt16BE(at);
    filters.push(packet.toString("utf8", at + 2, at + 2 + length));
    at += 2 + length + 1;
  }
  return filters;
}

function text(value: string): number[] {
  return [0, value.length, ...Buffer.from(value)];
}

function publish(topic: string, id: number, payload = "", properties?: readonly number[]): Buffer {
  const more = properties === undefined ? [] : [properties.length, ...properties];
  const body = [...text(topic), 0, id & 0xff, ...more, ...Buffer.from(payload)];
  return Buffer.from([0x32, body.length, ...body]);
}

async function connect(port: number, options: Partial<MqttConnectionOptions> = {}): Promise<MqttConnection> {
  const clock = new RealClock();
  const connection = await MqttConnection.open(
    { host: "127.0.0.1", port, clientId: "gw", protocolVersion: 4, keepaliveS: 30, clock },
    { encode: () => ({ topic: "t", payload: "x" }), careful: new CarefulWindow(1), clock, ...options },
    unused,
  );
  onTestFinished(async () => await connection[Symbol.asyncDispose]());
  return connection;
}

describe("a broker that means harm", () => {
  it("is left when it floods us with what answers nothing", async () => {
    const { port } = await broker({
      onSubscribed: (socket) => {
        const block = Buffer.alloc(20_000, Buffer.from([0xd0, 0]));
        const talk = (): void => {
          if (!socket.destroyed && socket.write(block)) setImmediate(talk);
        };
        socket.on("drain", talk);
        talk();
      },
    });
    const subscriptions = [{ filters: ["a"], qos: 1, onMessage: async () => undefined }] as const;
    // It may come with the answer to the subscription.
    const end = await connect(port, { subscriptions }).then(
      async ({ closed }) => await closed,
      (error: unknown) => String(error),
    );
    expect(end).toContain("it sends more than 1000 packets a second that answer nothing");
  });

  it("is not left over answers to what it was sent, however many", async () => {
    const { port } = await broker();
    const connection = await connect(port);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const answers: string[] = [];
        for (let turn = 0; turn < 100; turn++) {
          answers.push((await connection.send({ topic: "t", payload: "x" })).outcome);
        }
        return answers;
      }),
    );
    expect(outcomes.flat().filter((outcome) => outcome !== "acknowledged")).toEqual([]);
  });

  it("is left when it withholds the acknowledgement of an answer: its messages would wait for ever", async () => {
    const { port, heard } = await broker({
      acknowledges: false,
      onSubscribed: (socket) => void socket.write(publish("a", 1)),
    });
    const clock = new VirtualClock();
    const line: { connection?: MqttConnection } = {};
    const ends: string[] = [];
    await connect(port, {
      clock,
      onOpen: (opened) => {
        line.connection = opened;
        void opened.closed.then((reason) => ends.push(reason));
      },
      subscriptions: [
        {
          filters: ["a"],
          qos: 1,
          onMessage: async () => void (await line.connection?.send({ topic: "b", payload: "y" })),
        },
      ],
    });
    await expect.poll(() => heard.some((packet) => (packet[0] ?? 0) >> 4 === 3)).toBe(true);
    await clock.advance(59_999);
    expect(ends).toEqual([]);
    await clock.advance(2);
    expect(ends).toEqual([expect.stringContaining("it does not acknowledge what it is sent")]);
  });

  it("is left when it goes on while a message is not answered: all of them would wait in memory", async () => {
    const { port } = await broker({
      onSubscribed: (socket) => {
        socket.write(publish("a", 1));
        for (let id = 2; id < 3_000; id++) socket.write(publish("z", id, "x"));
      },
    });
    const never = async (): Promise<void> => await new Promise(() => undefined);
    const connection = await connect(port, {
      subscriptions: [
        { filters: ["a"], qos: 1, onMessage: never },
        { filters: ["z"], qos: 1, maxBytes: 0, onMessage: never },
      ],
    });
    expect(await connection.closed).toContain("it sends on and on before what it sent is answered");
  });
});

describe("a broker of MQTT 5 that says a property twice", () => {
  const RESPONSE_TOPIC = [8, ...text("r/1")];
  const CORRELATION = [9, ...text("abc")];
  const EXPIRY = [2, 0, 0, 0, 9];

  function provider(port: number): MqttProvider {
    let ids = 0;
    return new MqttProvider({
      url: `mqtt://127.0.0.1:${port}`,
      clientId: "gw",
      protocolVersion: 5,
      keepaliveS: () => 30,
      hearsForS: 60,
      dialect: new JsonDialect({
        mapping: new Mapping({ gateway: "gw" }),
        manages: false,
        newId: () => `made-${++ids}`,
      }),
      clock: new RealClock(),
    });
  }

  it("in a message is told that it is malformed, and the next one is heard", async () => {
    const topic = "tram/gw/pump/motor/on/set";
    const once = [...RESPONSE_TOPIC, ...CORRELATION, ...EXPIRY];
    const { port } = await broker({
      version: 5,
      onSubscribed: (socket) => {
        const twice = [RESPONSE_TOPIC, CORRELATION, EXPIRY].map((each) => [...each, ...each]);
        for (const [index, properties] of [...twice, once].entries()) {
          socket.write(publish(topic, index + 1, "true", properties));
        }
      },
    });
    const asked: CloudRequest[] = [];
    const turnedAway: TurnedAway[] = [];
    await using _connection = await provider(port).connect(unused, {
      ...NO_REQUESTS,
      ask: async (request) => {
        asked.push(request);
        return { outcome: "accepted" };
      },
      turnedAway: (what) => turnedAway.push(what),
    });
    await expect.poll(() => asked).toHaveLength(1);
    expect(turnedAway.map(({ where, code }) => [where, code])).toEqual(
      Array.from({ length: 3 }, () => [topic, "malformed"]),
    );
    expect(asked).toMatchObject([{ ttlMs: 9_000, context: { topic: "r/1" } }]);
  });

  it.each([
    ["receiveMaximum", [0x21, 0, 5]],
    ["maximumPacketSize", [0x27, 0, 0, 9, 9]],
    ["serverKeepAlive", [0x13, 0, 60]],
    ["topicAliasMaximum", [0x22, 0, 5]],
  ])("at the beginning is left: %s", async (name, property) => {
    const { port } = await broker({ version: 5, properties: [...property, ...property] });
    await expect(provider(port).connect(unused, NO_REQUESTS)).rejects.toThrow(
      `it sent the property ${name} twice`,
    );
  });
});
