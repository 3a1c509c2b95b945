import { connect, type Socket } from "node:net";
import { connect as connectMqtt, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mosquittoMissing, PROBE } from "./mosquitto.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const ROUNDS = 300;

/** mulberry32: the same garbage each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function bytes(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** A good CONNECT of `probe`, to start from. */
function connectPacket(): Buffer {
  const field = (text: string): Buffer => {
    const value = Buffer.from(text);
    return Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), value]);
  };
  const body = Buffer.concat([
    field("MQTT"),
    Buffer.from([4, 0xc2, 0, 30]),
    field("garbage"),
    field(PROBE.username),
    field(PROBE.password),
  ]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

/** Sends bytes and waits until the other side has closed or answered. */
function throwAt(port: number, data: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, "127.0.0.1", () => socket.end(data));
    socket.on("data", () => undefined);
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.setTimeout(1_000, () => socket.destroy());
  });
}

describe.skipIf(mosquittoMissing())("garbage on the wire", () => {
  const folder = temporaryFolder("garbage");
  let gateway: GatewayHandle;
  let healthy: MqttClient;
  beforeAll(async () => {
    gateway = await startGateway(house(folder.path).config);
    healthy = connectMqtt({ host: "127.0.0.1", port: gateway.mqttPort, ...PROBE, reconnectPeriod: 0 });
    await new Promise((resolve, reject) => healthy.once("connect", resolve).once("error", reject));
  });
  afterAll(async () => {
    await healthy.endAsync(true);
    await gateway.process.end("SIGKILL");
    folder[Symbol.dispose]();
  });

  async function expectHealthy(): Promise<void> {
    await healthy.publishAsync("healthy", "yes", { qos: 1 });
    expect(healthy.connected).toBe(true);
    expect(gateway.process.child.exitCode).toBeNull();
    expect(gateway.process.stderr).not.toMatch(/"level":(?:50|60)/);
  }

  test("MQTT: random bytes, broken lengths and mutated packets leave a healthy client connected", async () => {
    const random = seeded(7);
    const good = connectPacket();
    for (let round = 0; round < ROUNDS; round++) {
      const mutated = Buffer.from(good);
      for (let count = 0; count <= random() * 4; count++) {
        mutated[Math.floor(random() * mutated.length)] = Math.floor(random() * 256);
      }
      const after = bytes(random, Math.floor(random() * 60));
      const kinds = [
        after,
        mutated,
        Buffer.concat([good, after]),
        Buffer.concat([good, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), after]),
      ];
      await throwAt(gateway.mqttPort, kinds[round % kinds.length] ?? after);
    }
    await expectHealthy();
  });

  test("MQTT: hostile descriptions, states and values are refused on their Thing alone", async () => {
    const random = seeded(11);
    const hostile = [
      "{".repeat(10_000),
      '{"homie":"5.0","version":1,"nodes":{"__proto__":{"properties":{"constructor":{"datatype":"float"}}}}}',
      JSON.stringify({
        homie: "5.0",
        version: 1,
        nodes: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`n${n}`, {}])),
      }),
      '{"homie":"5.0","version":1e400}',
      "x".repeat(300_000),
      "[]",
      "null",
    ];
    for (const [index, text] of hostile.entries()) {
      await healthy.publishAsync(`homie/5/hostile-${index}/$description`, text, { qos: 1 });
      await healthy.publishAsync(`homie/5/hostile-${index}/$state`, bytes(random, 20), { qos: 1 });
      await healthy.publishAsync(`homie/5/hostile-${index}/a/b`, bytes(random, 20), { qos: 1 });
    }
    const description = {
      homie: "5.0",
      version: 1,
      nodes: { a: { properties: { b: { datatype: "float" } } } },
    };
    await healthy.publishAsync("homie/5/sound/$description", JSON.stringify(description), { qos: 1 });
    for (const value of ["NaN", "1e400", "0x10", "", "\u0000", "--1", "1,5", "9".repeat(100_000)]) {
      await healthy.publishAsync("homie/5/sound/a/b", value, { qos: 1 });
    }
    // The same device redefines itself over and over.
    for (let round = 0; round < 200; round++) {
      const changed = { ...description, version: round, name: `name ${round}` };
      await healthy.publishAsync("homie/5/sound/$description", JSON.stringify(changed), { qos: 1 });
    }
    await healthy.publishAsync("homie/5/sound/a/b", "21.5", { qos: 1 });
    await expectHealthy();
  });

  test("HTTP: garbage, endless headers and strange paths get an answer or the door", async () => {
    const random = seeded(13);
    const requests = [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET //evil HTTP/1.1\r\nHost: \r\n\r\n",
      "GET /api/v1/things/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nX-Tram-Request: 1\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{{{",
      "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
      `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${"a=b; ".repeat(3_000)}\r\n\r\n`,
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
      "GET /ws HTTP/1.1\r\nHost: x\r\nOrigin: %%%\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ];
    for (let round = 0; round < ROUNDS / 3; round++) {
      const text = Buffer.from(requests[round % requests.length] ?? "");
      if (round >= requests.length) text[Math.floor(random() * text.length)] = Math.floor(random() * 256);
      await throwAt(gateway.httpPort, text);
    }
    const page = await fetch(gateway.web);
    expect(page.status).toBe(200);
    await expectHealthy();
  });

  test("HTTP: an upgrade of a strange target, or one that breaks off, ends nothing but itself", async () => {
    const targets = ["//", "/nope", "http://[", "/ws", "/node-red/comms", "*", "/ws?%"];
    for (const target of targets) {
      const text = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      await throwAt(gateway.httpPort, Buffer.from(text));
      // The answer meets a connection that is gone: there must be somebody who hears of it.
      await new Promise<void>((resolve) => {
        const socket = connect(gateway.httpPort, "127.0.0.1", () => {
          socket.write(text, () => socket.resetAndDestroy());
        });
        socket.on("error", () => undefined).once("close", () => resolve());
      });
    }
    expect((await fetch(gateway.web)).status).toBe(200);
    await expectHealthy();
  });
});
