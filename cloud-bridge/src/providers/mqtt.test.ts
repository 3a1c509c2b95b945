import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { CloudMessage } from "@tram/core";
import { NO_REQUESTS, type ProviderHarness, providerContract, RealClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { BridgeError } from "../bridge-error.ts";
import { Mapping } from "../mapping.ts";
import { freePort, Mosquitto, type MosquittoOptions, mosquittoIsMissing } from "../testing/mosquitto.ts";
import { TcpLine } from "../testing/tcp-line.ts";
import { MqttProvider, type MqttProviderOptions } from "./mqtt.ts";
import { JsonDialect } from "./mqtt-json.ts";
import { refusal } from "./mqtt-reason.ts";

const ACCOUNT = { username: "gateway", password: "s3cret-of-the-test" };
const mapping = new Mapping({ gateway: "gw" });
const missing = mosquittoIsMissing();

function provider(port: number, options: Partial<MqttProviderOptions> = {}): MqttProvider {
  return new MqttProvider({
    url: `mqtt://127.0.0.1:${port}`,
    clientId: "tram-gw",
    protocolVersion: 4,
    keepaliveS: () => 30,
    dialect: new JsonDialect({ mapping, manages: false, newId: () => "unnamed" }),
    clock: new RealClock(),
    ...options,
  });
}

function message(id: string, more: Partial<CloudMessage> = {}): CloudMessage {
  return {
    id,
    class: "telemetry",
    group: "pump",
    thing: "pump",
    name: "motor/power",
    time: 0,
    value: 1,
    quality: "good",
    ...more,
  };
}

const unused = new AbortController().signal;

async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BridgeError)) throw new Error(`expected a BridgeError, found ${String(error)}`);
  return error;
}

/** A provider that reaches a real mosquitto over a line that can be cut. */
async function openHarness(
  options: Partial<MqttProviderOptions>,
  broker: MosquittoOptions = {},
): Promise<ProviderHarness> {
  const mosquitto = await Mosquitto.open({ account: ACCOUNT, ...broker });
  const line = await TcpLine.open(mosquitto.port);
  return {
    provider: () => provider(line.port, { ...ACCOUNT, ...options }),
    peer: {
      start: () => line.start(),
      stop: () => line.stop(),
      cut: () => line.cut(),
      received: async () =>
        (await mosquitto.received()).map(({ payload }) => JSON.parse(payload) as { id: string }),
    },
    unacceptable: message("wild", { name: "motor/#" }),
    secrets: [ACCOUNT.password],
    [Symbol.asyncDispose]: async () => {
      await line[Symbol.asyncDispose]();
      await mosquitto[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(missing)("the mqtt provider with mosquitto, MQTT 3.1.1", () => {
  for (const { name, run } of providerContract(() => openHarness({}))) it(name, run);
});

describe.skipIf(missing)("the mqtt provider with mosquitto, MQTT 5", () => {
  for (const { name, run } of providerContract(() => openHarness({ protocolVersion: 5 }))) it(name, run);

  it("does not send what is larger than the broker's maximum packet size", async () => {
    await using mosquitto = await Mosquitto.open({ lines: ["max_packet_size 1000"] });
    const connection = await provider(mosquitto.port, { protocolVersion: 5 }).connect(unused, NO_REQUESTS);
    const outcomes = await connection.publish([
      message("big", { value: "x".repeat(2_000) }),
      message("small"),
    ]);
    expect(outcomes.map((outcome) => outcome.outcome)).toEqual(["rejected", "acknowledged"]);
    await connection[Symbol.asyncDispose]();
  });

  it("finds the message that the broker refuses with a code mqtt.js cannot read", async () => {
    await using mosquitto = await Mosquitto.open({ lines: ["message_size_limit 1000"] });
    const batch = [message("a"), message("big", { value: "x".repeat(2_000) }), message("b"), message("c")];
    const outcomes = new Map<string, string>();
    const tested = provider(mosquitto.port, { protocolVersion: 5 });
    for (let attempt = 0; attempt < 3; attempt++) {
      const connection = await tested.connect(unused, NO_REQUESTS);
      const left = batch.filter(({ id }) => !["acknowledged", "rejected"].includes(outcomes.get(id) ?? ""));
      for (const [index, { outcome }] of (await connection.publish(left)).entries()) {
        outcomes.set(left[index]?.id ?? "", outcome);
      }
      await connection[Symbol.asyncDispose]();
    }
    expect(Object.fromEntries(outcomes)).toEqual({
      a: "acknowledged",
      big: "rejected",
      b: "acknowledged",
      c: "acknowledged",
    });
  });
});

describe.skipIf(missing)("the mqtt provider", () => {
  it("publishes what the mapping says", async () => {
    await using mosquitto = await Mosquitto.open();
    const connection = await provider(mosquitto.port).connect(unused, NO_REQUESTS);
    await connection.publish([message("gw-1", { time: Date.UTC(2026, 0, 5, 6), value: 21.5 })]);
    await connection[Symbol.asyncDispose]();
    expect(await mosquitto.received()).toEqual([
      {
        topic: "tram/gw/pump/motor/power",
        payload: '{"id":"gw-1","time":"2026-01-05T06:00:00.000Z","value":21.5,"quality":"good"}',
      },
    ]);
  });

  it("says that nothing listens", async () => {
    const port = await freePort();
    const error = await refusalOf(provider(port).connect(unused, NO_REQUESTS));
    expect(error).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(error.message).toContain("ECONNREFUSED");
  });

  it.each([4, 5] as const)(
    "says that the password is wrong, MQTT %s, and never shows it",
    async (version) => {
      await using mosquitto = await Mosquitto.open({ account: ACCOUNT });
      const tested = provider(mosquitto.port, {
        username: ACCOUNT.username,
        password: "wr0ng-one",
        protocolVersion: version,
      });
      const error = await refusalOf(tested.connect(unused, NO_REQUESTS));
      expect(error.code).toBe("credentials");
      expect(`${error.message}${error.stack}${JSON.stringify(error.cause)}`).not.toContain("wr0ng-one");
    },
  );

  it("notices a line that is dead without a word within twice the keep-alive", async () => {
    await using mosquitto = await Mosquitto.open();
    await using line = await TcpLine.open(mosquitto.port);
    const connection = await provider(line.port, { keepaliveS: () => 1 }).connect(unused, NO_REQUESTS);
    line.unplug();
    const from = process.hrtime.bigint();
    const publishing = connection.publish([message("lost")]);
    expect(await connection.closed).toContain("does not answer any more");
    const seconds = Number(process.hrtime.bigint() - from) / 1e9;
    expect(seconds).toBeLessThan(2);
    expect(await publishing).toMatchObject([{ outcome: "retry" }]);
  });

  it("says that the broker went away", async () => {
    await using mosquitto = await Mosquitto.open();
    const connection = await provider(mosquitto.port).connect(unused, NO_REQUESTS);
    await mosquitto.stop();
    expect(await connection.closed).toContain(`127.0.0.1:${mosquitto.port}`);
  });

  it("speaks TLS, and only with who can prove the host name", async () => {
    const { certificate, key } = makeCertificate("localhost");
    await using mosquitto = await Mosquitto.open({ tls: { certificate, key } });
    const url = `mqtts://localhost:${mosquitto.port}`;
    expect(await refusalOf(provider(0, { url }).connect(unused, NO_REQUESTS))).toMatchObject({
      code: "tls-authority",
    });
    const authorities = getCACertificates("default");
    setDefaultCACertificates([...authorities, certificate]);
    try {
      const connection = await provider(0, { url }).connect(unused, NO_REQUESTS);
      expect(await connection.publish([message("tls")])).toEqual([{ outcome: "acknowledged" }]);
      await connection[Symbol.asyncDispose]();
      const other = `mqtts://127.0.0.1:${mosquitto.port}`;
      const wrong = await refusalOf(provider(0, { url: other }).connect(unused, NO_REQUESTS));
      expect(wrong).toMatchObject({
        code: "tls-host",
        message: expect.stringContaining("another host name"),
      });
    } finally {
      setDefaultCACertificates(authorities);
    }
  });
});

/** CONNACK of MQTT 5 with properties. */
const connack = (...properties: number[]) =>
  Buffer.from([0x20, 3 + properties.length, 0, 0, properties.length, ...properties]);

/** A broker that says exactly these bytes: `greeting` to a CONNECT, and what `answer` makes of a packet to the others. */
async function rawBroker(
  greeting: Buffer,
  answer: (packet: Buffer, socket: Socket) => Buffer = () => Buffer.alloc(0),
) {
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.write(greeting);
      socket.on("data", (packet) => socket.write(answer(packet, socket)));
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => void server.close() };
}

describe("the mqtt provider with a broker that speaks MQTT 5 to the letter", () => {
  it("tells why the broker said goodbye", async () => {
    // §3.14: DISCONNECT with reason code 0x8E, session taken over.
    const goodbye = Buffer.from([0xe0, 0x01, 0x8e]);
    using broker = await rawBroker(Buffer.concat([connack(), goodbye]));
    const connection = await provider(broker.port, { protocolVersion: 5 }).connect(unused, NO_REQUESTS);
    expect(await connection.closed).toContain("another client took over");
  });

  it("does not stay where there is no acknowledgement", async () => {
    // §3.2.2.3.4: Maximum QoS 0.
    using broker = await rawBroker(connack(0x24, 0));
    const error = await refusalOf(provider(broker.port, { protocolVersion: 5 }).connect(unused, NO_REQUESTS));
    expect(error).toMatchObject({ code: "protocol", message: expect.stringContaining("QoS 0") });
  });

  it.each([
    [0x00, { outcome: "acknowledged" }],
    [0x10, { outcome: "acknowledged" }],
    [0x87, { outcome: "retry", reason: expect.stringContaining("0x87") }],
    [0x90, { outcome: "rejected", reason: expect.stringContaining("0x90") }],
    [0x97, { outcome: "retry", reason: expect.stringContaining("0x97") }],
    [0x99, { outcome: "rejected", reason: expect.stringContaining("0x99") }],
  ])("takes PUBACK %i for what it says", async (code, expected) => {
    using broker = await rawBroker(connack(), (publish) => {
      const identifier = 4 + publish.readUInt16BE(2);
      return Buffer.from([0x40, 3, publish[identifier] ?? 0, publish[identifier + 1] ?? 0, code]);
    });
    const connection = await provider(broker.port, { protocolVersion: 5 }).connect(unused, NO_REQUESTS);
    expect(await connection.publish([message("one")])).toEqual([expected]);
    await connection[Symbol.asyncDispose]();
  });

  it("keeps within the receive maximum", async () => {
    // PUBLISH to `t` with the payload `1`: nine bytes, the packet identifier at 5.
    let unanswered: Buffer[] = [];
    let most = 0;
    // §3.2.2.3.3: Receive Maximum 2.
    using broker = await rawBroker(connack(0x21, 0, 2), (packets, socket) => {
      for (let at = 0; at < packets.length; at += 9) {
        unanswered.push(Buffer.from([0x40, 2, packets[at + 5] ?? 0, packets[at + 6] ?? 0]));
      }
      most = Math.max(most, unanswered.length);
      setImmediate(() => {
        socket.write(Buffer.concat(unanswered));
        unanswered = [];
      });
      return Buffer.alloc(0);
    });
    const connection = await provider(broker.port, {
      protocolVersion: 5,
      dialect: {
        encode: () => ({ topic: "t", payload: "1" }),
        filters: [],
        maxBytes: 0,
        read: () => undefined,
      },
    }).connect(unused, NO_REQUESTS);
    const outcomes = await connection.publish(Array.from({ length: 9 }, (_, index) => message(`m-${index}`)));
    expect(outcomes.every(({ outcome }) => outcome === "acknowledged")).toBe(true);
    expect(most).toBe(2);
    await connection[Symbol.asyncDispose]();
  });

  it("lets an alarm and an answer go before what waits already", async () => {
    const order: string[] = [];
    // §3.2.2.3.3: Receive Maximum 1. PUBLISH to `t` with a payload of one byte: nine bytes, the packet identifier at 5.
    using broker = await rawBroker(connack(0x21, 0, 1), (packet) => {
      order.push(String.fromCharCode(packet[8] ?? 0));
      return Buffer.from([0x40, 2, packet[5] ?? 0, packet[6] ?? 0]);
    });
    const connection = await provider(broker.port, {
      protocolVersion: 5,
      dialect: {
        encode: ({ id }) => ({ topic: "t", payload: id }),
        filters: [],
        maxBytes: 0,
        read: () => undefined,
      },
    }).connect(unused, NO_REQUESTS);
    const bulk = connection.publish([message("1"), message("2"), message("3")]);
    const urgent = connection.publish([message("a", { class: "alarm" }), message("r", { class: "reply" })]);
    expect((await Promise.all([bulk, urgent])).flat().map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 5 }, () => "acknowledged"),
    );
    expect(order).toEqual(["1", "a", "r", "2", "3"]);
    await connection[Symbol.asyncDispose]();
  });

  it("survives garbage", async () => {
    using broker = await rawBroker(connack(), () => Buffer.from([0xf7, 0xff, 0xff, 0xff, 0xff, 0x01]));
    const connection = await provider(broker.port, { protocolVersion: 5 }).connect(unused, NO_REQUESTS);
    expect(await connection.publish([message("one")])).toMatchObject([{ outcome: "retry" }]);
    expect(await connection.closed).not.toBe("");
  });

  it("gives up a broker that says nothing, when it is told to", async () => {
    using broker = await rawBroker(Buffer.alloc(0));
    const stop = new AbortController();
    const connecting = refusalOf(provider(broker.port).connect(stop.signal, NO_REQUESTS));
    stop.abort(new Error("enough"));
    expect(await connecting).toMatchObject({ code: "aborted" });
  });
});

it("asks at each connection how long the line may be silent: what it costs may have changed", async () => {
  const asked: number[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (bytes) => {
      // MQTT 3.1.1 §3.1.2.10: behind the fixed header of two bytes, the protocol's name, its level and the flags.
      asked.push(bytes.readUInt16BE(2 + 6 + 1 + 1));
      socket.write(Buffer.from([0x20, 2, 0, 0]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  let keepaliveS = 30;
  const tested = provider((server.address() as AddressInfo).port, { keepaliveS: () => keepaliveS });
  for (const now of [30, 120]) {
    keepaliveS = now;
    const connection = await tested.connect(unused, NO_REQUESTS);
    expect(tested.line?.keepaliveS).toBe(now);
    await connection[Symbol.asyncDispose]();
  }
  expect(asked).toEqual([30, 120]);
  server.close();
});

describe("a refused publish", () => {
  it.each([
    [0x80, "retry"],
    [0x83, "retry"],
    [0x87, "retry"],
    [0x90, "rejected"],
    [0x91, "retry"],
    [0x95, "rejected"],
    [0x97, "retry"],
    [0x99, "rejected"],
    [0xaa, "retry"],
  ])("with reason code %i is %s", (code, outcome) => {
    expect(refusal(code)).toMatchObject({ outcome });
  });
});

function makeCertificate(host: string): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "cloud-bridge-tls-"));
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  try {
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ].concat([
        "-keyout",
        key,
        "-out",
        certificate,
        "-subj",
        `/CN=${host}`,
        "-addext",
        `subjectAltName=DNS:${host}`,
      ]),
      { stdio: "ignore" },
    );
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
