import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { MqttClient } from "./mqtt-client.ts";

const CONNACK = [0x20, 2, 0, 0];
let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** A broker that says what it is told, after each packet that it gets. */
async function brokerThatSays(
  replies: readonly (readonly number[])[],
): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  server = createServer((socket: Socket) => {
    let turn = 0;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      heard.push(bytes);
      const reply = replies[turn++];
      // Byte by byte: a stream knows no packets.
      for (const byte of reply ?? []) socket.write(Buffer.from([byte]));
    });
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, heard };
}

const ACCOUNT = { clientId: "c", username: "u", password: "p" };

test("a message that comes in pieces is delivered whole, and acknowledged", async () => {
  const publish = [0x32, 8, 0, 1, 0x61, 0, 7, 0x31, 0x2e, 0x35]; // topic "a", packet 7, "1.5"
  const { port, heard } = await brokerThatSays([CONNACK, [0x90, 3, 0, 1, 1, ...publish]]);
  const message = Promise.withResolvers<string>();
  const client = await MqttClient.connect({
    ...ACCOUNT,
    port,
    onMessage: (topic, payload) => message.resolve(`${topic}=${payload}`),
  });
  await client.subscribe("a");
  expect(await message.promise).toBe("a=1.5");
  await expect.poll(() => heard.at(-1)).toEqual(Buffer.from([0x40, 2, 0, 7]));
  client.end();
});

test("a payload above 127 bytes has a length of two bytes, and its acknowledgement is awaited", async () => {
  const { port, heard } = await brokerThatSays([CONNACK, [0x40, 2, 0, 1]]);
  const client = await MqttClient.connect({ ...ACCOUNT, port });
  await client.publishAcknowledged("a", "x".repeat(200), { retain: true });
  expect([...(heard[1]?.subarray(0, 8) ?? [])]).toEqual([0x33, 0xcd, 0x01, 0, 1, 0x61, 0, 1]);
  client.end();
});

test("a refused client is told the return code", async () => {
  const { port } = await brokerThatSays([[0x20, 2, 0, 5]]);
  await expect(MqttClient.connect({ ...ACCOUNT, port })).rejects.toThrow("refused with return code 5");
});
