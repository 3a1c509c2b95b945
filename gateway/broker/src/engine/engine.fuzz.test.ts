import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePacket, Outgoing, type Packet, type ProtocolVersion } from "../index.ts";
import { arbitraryPacket } from "../testing/arbitrary-packet.ts";
import { settled, TestHouse } from "../testing/house.ts";
import { Dice, mutate } from "../testing/mutation.ts";

const SEED = 20_261_126;
const SEEDS = 1_500;
/** Of each version. */
const PACKETS = 110_000;
const PER_CONNECTION = 25;
/** Connections between two looks at whether somebody else is still well served. */
const ROUND = 50;
const CLIENTS = 500;

function encode(packet: Packet, version: ProtocolVersion): Buffer {
  const out = new Outgoing();
  encodePacket(packet, version, out);
  return out.take();
}

function ends(packet: Packet): boolean {
  if (packet.type === "publish") return packet.topic === "" || (packet.properties.topicAlias ?? 0) > 32;
  return ["connect", "disconnect", "auth"].includes(packet.type);
}

describe.each<ProtocolVersion>([4, 5])("version %i", (version) => {
  test("whatever clients send, nobody else is disturbed, and nothing of them stays", {
    timeout: 600_000,
  }, async () => {
    const house = await TestHouse.open({
      sessionExpirySeconds: 60,
      queue: { messages: 50, bytes: 100_000 },
      retained: { messages: 200, bytes: 500_000 },
      messagesPerSecond: 1e9,
      messageBurst: 1e9,
    });
    const healthy = await house.connect("healthy", { userName: "healthy" });
    await healthy.subscribe("healthy/echo", { qos: 1 });
    const dice = new Dice(SEED + version);
    const originals = fc
      .sample(arbitraryPacket(version, "client"), { seed: SEED, numRuns: SEEDS })
      // These end a connection; they come as the victims of mutations all the same.
      .filter((packet, index) => !ends(packet) || index % 100 === 0)
      .map((packet) => encode(packet, version));
    let sent = 0;
    let served = 0;
    while (sent < PACKETS) {
      const clients = [];
      for (let count = 0; count < ROUND; count++) {
        const client = house.dial({ version });
        clients.push(client);
        client.greet(`fuzz-${dice.roll(CLIENTS)}`, {
          cleanStart: dice.roll(2) === 0,
          ...(version === 5 && { expiry: 30 }),
        });
        const bytes: Buffer[] = [];
        for (let index = 0; index < PER_CONNECTION; index++) {
          const original = originals[dice.roll(originals.length)] as Buffer;
          const other = originals[dice.roll(originals.length)] as Buffer;
          // Most are whole: what comes behind broken ones is not read.
          bytes.push(dice.roll(40) === 0 ? mutate(original, dice, other) : original);
          sent++;
        }
        client.bytes(Buffer.concat(bytes));
      }
      await settled(3);
      const text = String(++served);
      healthy.publish("healthy/echo", text, { qos: 1 });
      const { packetId, payload } = await healthy.find("publish");
      expect(payload.toString()).toBe(text);
      healthy.say({ type: "puback", packetId, reasonCode: 0, properties: {} });
      healthy.drain();
      for (const client of clients) client.cut();
      await settled(2);
    }
    const { messagesIn } = house.broker.metrics();
    expect(messagesIn, "they reach deep").toBeGreaterThan(PACKETS / 10);
    expect(house.lines.filter((line) => line.startsWith("error"))).toEqual([]);
    await house.pass(120);
    expect(house.broker.metrics()).toMatchObject({
      sessions: 1,
      connections: 1,
      subscriptions: 1,
      queuedMessages: 0,
      queuedBytes: 0,
    });
    for (const table of ["mqtt-sessions", "mqtt-subscriptions", "mqtt-queue", "mqtt-received"]) {
      expect((await house.store.entries(table)).size, table).toBe(0);
    }
  });
});
