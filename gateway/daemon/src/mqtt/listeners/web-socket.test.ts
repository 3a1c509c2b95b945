import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodePacket, Outgoing, type Packet, PacketDecoder } from "@tram/broker";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Door, FRAME_BYTES, openDoor, specOf } from "./testing/door.ts";

let door: Door;

beforeEach(async () => {
  door = await openDoor([specOf({ id: "ws", protocol: "ws" })]);
});

afterEach(() => door[Symbol.asyncDispose]());

function url(path = "/mqtt"): string {
  return `ws://127.0.0.1:${door.port("ws")}${path}`;
}

/** What answers the upgrade: a status, or 101. */
async function knock(
  options: { path?: string; protocols?: string[]; origin?: string; host?: string } = {},
): Promise<number> {
  const { host, origin, path, protocols = ["mqtt"] } = options;
  const headers = host === undefined ? {} : { host };
  const client = new WebSocket(url(path), protocols, { headers, ...(origin !== undefined && { origin }) });
  client.on("error", () => undefined);
  const status = await new Promise<number>((resolve) => {
    client.on("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
    client.on("open", () => resolve(101));
  });
  client.terminate();
  return status;
}

async function open(): Promise<WebSocket> {
  const client = new WebSocket(url(), "mqtt");
  await once(client, "open");
  return client;
}

function bytesOf(packet: Packet): Buffer {
  const out = new Outgoing();
  encodePacket(packet, 4, out);
  return Buffer.from(out.take());
}

const CONNECT = bytesOf({
  type: "connect",
  version: 4,
  clientId: "frames",
  cleanStart: true,
  keepAliveSeconds: 0,
  userName: undefined,
  password: undefined,
  properties: {},
  will: undefined,
});
const SUBSCRIBE = bytesOf({
  type: "subscribe",
  packetId: 1,
  subscriptions: [{ filter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  properties: {},
});

/** Types of the packets that come, as they come. */
function heardBy(client: WebSocket): string[] {
  const decoder = new PacketDecoder({
    sender: "server",
    version: 4,
    maximumPacketSize: FRAME_BYTES,
    maximumConnectSize: FRAME_BYTES,
  });
  const heard: string[] = [];
  client.on("message", (data, isBinary) => {
    if (!isBinary) throw new Error("a text frame");
    decoder.push(data as Buffer);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) heard.push(packet.type);
  });
  return heard;
}

describe("who may upgrade", () => {
  test("programs, and pages of the gateway itself on any of its ports", async () => {
    expect(await knock()).toBe(101);
    expect(await knock({ origin: `http://127.0.0.1:${door.port("ws")}` })).toBe(101);
    expect(await knock({ origin: "http://127.0.0.1:8080" })).toBe(101);
    expect(await knock({ protocols: ["mqttv3.1", "mqtt"] })).toBe(101);
  });

  test("no page from elsewhere, and none under a name that a hostile page made point here", async () => {
    expect(await knock({ origin: "https://evil.example" })).toBe(403);
    expect(await knock({ origin: "null" })).toBe(403);
    expect(await knock({ host: "evil.example", origin: "http://evil.example" })).toBe(403);
  });

  test("nobody without the subprotocol, or elsewhere", async () => {
    expect(await knock({ protocols: [] })).toBe(400);
    expect(await knock({ protocols: ["chat"] })).toBe(400);
    expect(await knock({ path: "/other" })).toBe(404);
  });

  test("a plain request is told what is wanted", async () => {
    expect((await fetch(url().replace("ws:", "http:"))).status).toBe(426);
  });
});

describe("frames", () => {
  test("packets begin and end anywhere in them", async () => {
    const client = await open();
    const heard = heardBy(client);
    for (const byte of CONNECT) client.send(Buffer.of(byte));
    await expect.poll(() => heard).toEqual(["connack"]);
    client.send(Buffer.concat([SUBSCRIBE, SUBSCRIBE, SUBSCRIBE.subarray(0, 3)]));
    await expect.poll(() => heard).toEqual(["connack", "suback", "suback"]);
    client.send(SUBSCRIBE.subarray(3), { fin: false });
    client.send(SUBSCRIBE);
    await expect.poll(() => heard.length).toBe(5);
    client.close();
    await once(client, "close");
  });

  test("a text frame ends the connection, and what is in it is not taken", async () => {
    const client = await open();
    const closed = once(client, "close");
    client.send(CONNECT, { binary: false });
    await closed;
    expect(door.logins).toEqual([]);
    expect(door.broker.metrics().connections).toBe(0);
  });

  test("one that is larger than the largest packet ends the connection", async () => {
    const client = await open();
    const heard = heardBy(client);
    client.send(CONNECT);
    await expect.poll(() => heard).toEqual(["connack"]);
    const closed = once(client, "close");
    client.on("error", () => undefined);
    client.send(Buffer.alloc(FRAME_BYTES + 1));
    expect(await closed).toEqual([1009, expect.anything()]);
  });

  test("whoever has not logged in cannot fill the memory with one that does not end", async () => {
    const client = await open();
    client.on("error", () => undefined);
    const closed = once(client, "close");
    let sent = 0;
    for (; client.readyState === client.OPEN && sent < 50; sent++) {
      client.send(Buffer.alloc(16_384), { fin: false });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(sent).toBeLessThan(50);
  });

  test("a client that pings and does not read fills no memory with pongs", async () => {
    const socket = connect(door.port("ws"), "127.0.0.1");
    await upgrade(socket);
    socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | CONNECT.length, 0, 0, 0, 0), CONNECT]));
    await once(socket, "data");
    socket.pause();
    const before = process.memoryUsage.rss();
    const ping = Buffer.concat([Buffer.of(0x89, 0x80 | 125), randomBytes(4), Buffer.alloc(125)]);
    const many = Buffer.concat(Array.from({ length: 4_096 }, () => ping));
    for (let round = 0; round < 200; round++) {
      if (!socket.write(many)) await once(socket, "drain");
    }
    // 107 MB of pings came.
    expect(door.broker.metrics().connections).toBe(1);
    expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000);
    socket.destroy();
  });
});

test("at the end the client is told, and the connection is gone", async () => {
  const client = await open();
  const heard = heardBy(client);
  client.send(CONNECT);
  await expect.poll(() => heard).toEqual(["connack"]);
  const closed = once(client, "close");
  await door.broker.close();
  expect(await closed).toEqual([1000, expect.anything()]);
  expect(door.broker.metrics().connections).toBe(0);
});

test("a client that breaks off is gone, in the handshake as after it", async () => {
  const client = await open();
  client.send(CONNECT);
  await expect.poll(() => door.broker.metrics().connections).toBe(1);
  client.terminate();
  await expect.poll(() => door.broker.metrics().connections).toBe(0);
  const socket = connect(door.port("ws"), "127.0.0.1");
  socket.write("GET /mqtt HTTP/1.1\r\nUpgr");
  socket.resetAndDestroy();
  await once(socket, "close");
  expect(await knock()).toBe(101);
});

async function upgrade(socket: Socket): Promise<void> {
  const key = randomBytes(16).toString("base64");
  const head = ["GET /mqtt HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket"];
  const rest = ["Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${key}`, "Sec-WebSocket-Protocol: mqtt"];
  socket.write(`${[...head, ...rest].join("\r\n")}\r\n\r\n`);
  await once(socket, "data");
}
