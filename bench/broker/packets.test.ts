import { expect, test } from "vitest";
import { PacketDecoder } from "../../gateway/broker/src/index.ts";
import { burst, connectPacket, DISCONNECT, publishPacket, type Qos, subscribePacket } from "./packets.ts";

/** Read by the broker's own decoder, which is tested elsewhere. */
function decoded(bytes: Buffer) {
  const decoder = new PacketDecoder({ sender: "client", maximumPacketSize: 1e6, maximumConnectSize: 1e6 });
  decoder.push(bytes);
  const packets = [];
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
  return packets;
}

/** What comes after CONNECT. */
function decodedLater(bytes: Buffer) {
  return decoded(Buffer.concat([connectPacket("c", { clean: true }), bytes])).slice(1);
}

test.each([true, false])("CONNECT of a client, clean %s", (clean) => {
  expect(decoded(connectPacket("somebody", { clean }))).toMatchObject([
    {
      type: "connect",
      version: 4,
      clientId: "somebody",
      cleanStart: clean,
      keepAliveSeconds: 0,
      userName: "bench",
      password: Buffer.from("bench-password"),
    },
  ]);
});

test("SUBSCRIBE to several filters, longer than one byte can tell", () => {
  const filters = Array.from({ length: 100 }, (_, index) => `bench/${index}/+`);
  const [packet] = decodedLater(subscribePacket(7, filters, 1));
  expect(packet).toMatchObject({ type: "subscribe", packetId: 7 });
  expect(
    packet?.type === "subscribe" && packet.subscriptions.map(({ filter, qos }) => [filter, qos]),
  ).toEqual(filters.map((filter) => [filter, 1]));
});

test.each<Qos>([0, 1, 2])("PUBLISH at QoS %i", (qos) => {
  const payload = Buffer.from("21.5");
  const bytes = publishPacket({ topic: "bench/t", payload, qos, packetId: 258 });
  const packetId = qos === 0 ? 0 : 258;
  expect(decodedLater(bytes)).toMatchObject([
    { type: "publish", topic: "bench/t", payload, qos, retain: false, dup: false, packetId },
  ]);
});

test("a burst counts the identifiers up", () => {
  const bytes = burst(3, {
    topic: (index) => `bench/${index}`,
    payload: Buffer.from("x"),
    qos: 1,
    firstId: 21,
  });
  expect(decodedLater(bytes)).toMatchObject([
    { topic: "bench/0", packetId: 21 },
    { topic: "bench/1", packetId: 22 },
    { topic: "bench/2", packetId: 23 },
  ]);
});

test("DISCONNECT", () => {
  expect(decodedLater(DISCONNECT)).toMatchObject([{ type: "disconnect" }]);
});
