import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import mqtt, { type IClientOptions } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWebSocketStream, WebSocket } from "ws";
import { TestAuthority } from "./testing/certificates.ts";
import { type Door, openDoor, specOf } from "./testing/door.ts";
import { identityOfFiles } from "./tls-identity.ts";

const noMosquitto = spawnSync("mosquitto_pub", ["--help"]).error !== undefined;
const PROTOCOLS = ["mqtt", "mqtts", "ws", "wss"] as const;

let authority: TestAuthority;
let door: Door;

beforeAll(async () => {
  authority = new TestAuthority();
  const tls = identityOfFiles({ ...authority.issue("gateway", "server"), ca: authority.ca });
  const specs = PROTOCOLS.map((protocol) => specOf({ id: protocol, protocol }));
  door = await openDoor(specs, { tls });
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  authority[Symbol.dispose]();
});

async function connect(
  protocol: (typeof PROTOCOLS)[number],
  options: IClientOptions,
): Promise<mqtt.MqttClient> {
  const client = new mqtt.MqttClient(() => dial(protocol), { reconnectPeriod: 0, ...options });
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
  return client;
}

/** As MQTT.js dials, which finds another `ws` than it expects where tests run on the sources. */
function dial(protocol: (typeof PROTOCOLS)[number]): Duplex {
  const port = door.port(protocol);
  if (protocol === "mqtt") return connectTcp(port, "127.0.0.1");
  if (protocol === "mqtts") return connectTls({ port, host: "127.0.0.1", ca: readFileSync(authority.ca) });
  const url = `${protocol}://127.0.0.1:${port}/mqtt`;
  return createWebSocketStream(new WebSocket(url, "mqtt", { ca: readFileSync(authority.ca) }));
}

describe.each(PROTOCOLS)("MQTT.js over %s", (protocol) => {
  test.each([4, 5] as const)(
    "protocol level %i: a message of each QoS, small and of many frames",
    async (level) => {
      const client = await connect(protocol, { protocolVersion: level, clientId: `js-${protocol}-${level}` });
      try {
        const heard: { topic: string; qos: number; bytes: number }[] = [];
        client.on("message", (topic, payload, { qos }) => {
          heard.push({ topic, qos, bytes: payload.length });
        });
        const base = `js/${protocol}/${level}`;
        await client.subscribeAsync(`${base}/#`, { qos: 2 });
        for (const qos of [0, 1, 2] as const) await client.publishAsync(`${base}/small`, "21.5", { qos });
        await client.publishAsync(`${base}/large`, Buffer.alloc(700_000, 7), { qos: 1 });
        await expect.poll(() => heard.length).toBe(4);
        expect(heard).toEqual([
          { topic: `${base}/small`, qos: 0, bytes: 4 },
          { topic: `${base}/small`, qos: 1, bytes: 4 },
          { topic: `${base}/small`, qos: 2, bytes: 4 },
          { topic: `${base}/large`, qos: 1, bytes: 700_000 },
        ]);
        expect(door.logins.findLast(({ clientId }) => clientId === `js-${protocol}-${level}`)).toMatchObject({
          address: "127.0.0.1",
          listener: protocol,
        });
      } finally {
        await client.endAsync(true);
      }
    },
  );
});

describe.skipIf(noMosquitto).each(["mqtt", "mqtts"] as const)("mosquitto's clients over %s", (protocol) => {
  test.each(["311", "5"])("version %s: published once, heard once", async (version) => {
    const tls = protocol === "mqtts" ? ["--cafile", authority.ca] : [];
    const where = ["-h", "127.0.0.1", "-p", String(door.port(protocol)), "-V", version, ...tls];
    const topic = ["-t", `mosquitto/${protocol}/${version}`, "-q", "1"];
    const sub = spawn("stdbuf", ["-oL", "mosquitto_sub", ...where, ...topic, "-C", "1", "-d"]);
    let said = "";
    sub.stdout.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const ended = once(sub, "close");
    await expect.poll(() => said, { timeout: 5_000 }).toMatch(/^Subscribed/m);
    // Not spawnSync: the broker lives in this process.
    const [code] = await once(spawn("mosquitto_pub", [...where, ...topic, "-m", "21.5"]), "close");
    await ended;
    expect(code).toBe(0);
    expect(said).toMatch(/^21\.5$/m);
  });
});
