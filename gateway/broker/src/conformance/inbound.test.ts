import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { texts } from "../testing/stage.ts";

// Messages of QoS 1 and 2 as the broker takes them: §3.3.4, §4.3, §4.6.

prove("PUBLISH is answered as its QoS says", { v4: "3.3.4-1", v5: "3.3.4-1" }, async (stage) => {
  await stage.subscriber("t");
  const client = await stage.connect("c");
  client.publish("t", "0");
  client.publish("t", "1", { qos: 1 });
  client.publish("t", "2", { qos: 2 });
  await settled();
  expect(client.heard.map(({ type }) => type)).toEqual(["puback", "pubrec"]);
});

prove("answers carry the identifier", { v4: "2.3.1-6", v5: "2.2.1-5" }, async (stage) => {
  const client = await stage.connect("c");
  client.publish("t", "1", { qos: 1, packetId: 700 });
  expect(await client.next("puback")).toMatchObject({ packetId: 700 });
  client.publish("t", "2", { qos: 2, packetId: 65_535 });
  expect(await client.next("pubrec")).toMatchObject({ packetId: 65_535 });
  client.answer("pubrel", 65_535);
  expect(await client.next("pubcomp")).toMatchObject({ packetId: 65_535 });
});

prove("QoS 1: PUBACK once the message is kept", { v4: "4.3.2-2", v5: "4.3.2-4" }, async (stage) => {
  await stage.away("away", "t");
  const client = await stage.connect("c");
  const release = stage.house.store.hold();
  client.publish("t", "1", { qos: 1, packetId: 5 });
  await settled();
  expect(client.heard).toEqual([]);
  release();
  expect(await client.next("puback")).toMatchObject({ packetId: 5, reasonCode: 0 });
});

prove(
  "QoS 1: after PUBACK the identifier stands for a new message",
  { v4: "4.3.2-2", v5: "4.3.2-5" },
  async (stage) => {
    const listener = await stage.subscriber("t");
    const client = await stage.connect("c");
    client.publish("t", "1", { qos: 1, packetId: 5 });
    await client.next("puback");
    client.publish("t", "2", { qos: 1, packetId: 5, dup: true });
    await client.next("puback");
    await settled();
    expect(texts(listener)).toEqual(["1", "2"]);
  },
);

prove("QoS 2: PUBREC once the message is kept", { v4: "4.3.3-2", v5: "4.3.3-8" }, async (stage) => {
  await stage.away("away", "t");
  const client = await stage.connect("c");
  const release = stage.house.store.hold();
  client.publish("t", "1", { qos: 2, packetId: 5 });
  await settled();
  expect(client.heard).toEqual([]);
  release();
  expect(await client.next("pubrec")).toMatchObject({ packetId: 5, reasonCode: 0 });
});

prove(
  "QoS 2: PUBREC again, and one delivery, until PUBREL",
  { v4: "4.3.3-2", v5: "4.3.3-10" },
  async (stage) => {
    const listener = await stage.subscriber("t");
    const client = await stage.lasting("c");
    client.publish("t", "1", { qos: 2, packetId: 5 });
    await client.next("pubrec");
    client.publish("t", "1", { qos: 2, packetId: 5, dup: true });
    await client.next("pubrec");
    await stage.lose(client);
    const again = await stage.lasting("c");
    again.publish("t", "1", { qos: 2, packetId: 5, dup: true });
    expect(await again.next("pubrec")).toMatchObject({ packetId: 5, reasonCode: 0 });
    await settled();
    expect(texts(listener)).toEqual(["1"]);
  },
);

prove("QoS 2: PUBCOMP for PUBREL", { v4: "4.3.3-2", v5: "4.3.3-11" }, async (stage) => {
  const client = await stage.connect("c");
  client.publish("t", "1", { qos: 2, packetId: 5 });
  await client.next("pubrec");
  client.answer("pubrel", 5);
  expect(await client.next("pubcomp")).toMatchObject({ packetId: 5, reasonCode: 0 });
});

prove(
  "QoS 2: after PUBCOMP the identifier stands for a new message",
  { v4: "4.3.3-2", v5: "4.3.3-12" },
  async (stage) => {
    const listener = await stage.subscriber("t");
    const client = await stage.connect("c");
    for (const text of ["1", "2"]) {
      client.publish("t", text, { qos: 2, packetId: 5 });
      await client.next("pubrec");
      client.answer("pubrel", 5);
      await client.next("pubcomp");
    }
    await settled();
    expect(texts(listener)).toEqual(["1", "2"]);
  },
);

prove("QoS 2: after a refusal the identifier stands for a new message", { v5: "4.3.3-9" }, async (stage) => {
  const listener = await stage.subscriber("t");
  stage.house.rules = { mayPublish: (_, topic) => topic === "t" };
  const client = await stage.connect("c");
  client.publish("secret", "1", { qos: 2, packetId: 5 });
  expect(await client.next("pubrec")).toMatchObject({ reasonCode: 0x87 });
  client.publish("t", "2", { qos: 2, packetId: 5 });
  expect(await client.next("pubrec")).toMatchObject({ reasonCode: 0 });
  await settled();
  expect(texts(listener)).toEqual(["2"]);
});

prove("QoS 2: the exchange ends in order though the message expired", { v5: "4.3.3-13" }, async (stage) => {
  await stage.away("away", "t");
  const client = await stage.connect("c");
  client.publish("t", "1", { qos: 2, packetId: 5, properties: { messageExpirySeconds: 1 } });
  await client.next("pubrec");
  await stage.house.pass(10);
  client.answer("pubrel", 5);
  expect(await client.next("pubcomp")).toMatchObject({ packetId: 5, reasonCode: 0 });
});

prove("PUBACK in the order of the PUBLISH", { v4: "4.6.0-2", v5: "4.6.0-2" }, async (stage) => {
  await stage.away("away", "kept/#");
  const client = await stage.connect("c");
  const release = stage.house.store.hold();
  client.publish("kept/1", "", { qos: 1, packetId: 1 });
  client.publish("other", "", { qos: 1, packetId: 2 });
  await settled();
  release();
  await settled();
  expect(client.heard).toMatchObject([{ packetId: 1 }, { packetId: 2 }]);
});

prove("PUBREC in the order of the PUBLISH", { v4: "4.6.0-3", v5: "4.6.0-3" }, async (stage) => {
  await stage.away("away", "kept/#");
  const client = await stage.connect("c");
  const release = stage.house.store.hold();
  client.publish("kept/1", "", { qos: 2, packetId: 1 });
  client.publish("other", "", { qos: 2, packetId: 2 });
  await settled();
  release();
  await settled();
  expect(client.heard).toMatchObject([{ packetId: 1 }, { packetId: 2 }]);
});

prove("PUBREL in the order of the PUBREC", { v4: "4.6.0-4", v5: "4.6.0-4" }, async (stage) => {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  for (let index = 0; index < 5; index++) await stage.publish("t", "", { qos: 2 });
  const ids = client.drain().map((packet) => (packet.type === "publish" ? packet.packetId : 0));
  const order = ids.toReversed();
  for (const id of order) client.answer("pubrec", id);
  await settled();
  expect(client.heard.map((packet) => packet.type === "pubrel" && packet.packetId)).toEqual(order);
});

prove("a message that is not allowed ends the connection", { v4: "3.3.5-2" }, async (stage) => {
  const listener = await stage.subscriber("#");
  stage.house.rules = { mayPublish: () => false };
  for (const qos of [0, 1, 2] as const) {
    const client = await stage.connect("c");
    client.publish("t", "1", { qos });
    await client.end();
    expect(client.heard).toEqual([]);
  }
  expect(listener.heard).toEqual([]);
});

prove("PUBACK has codes of its table", { v5: "3.4.2-1" }, async (stage) => {
  stage.house.rules = { mayPublish: (_, topic) => topic !== "secret" };
  await stage.subscriber("t");
  const client = await stage.connect("c");
  for (const [topic, reasonCode] of [
    ["t", 0],
    ["nobody", 0x10],
    ["secret", 0x87],
  ] as const) {
    client.publish(topic, "", { qos: 1 });
    expect(await client.next("puback")).toMatchObject({ reasonCode });
  }
});

prove("PUBREC has codes of its table", { v5: "3.5.2-1" }, async (stage) => {
  const client = await stage.connect("c");
  client.publish("t", "\xff", { qos: 2, payload: Buffer.from([0xff]), properties: { payloadIsUtf8: true } });
  expect(await client.next("pubrec")).toMatchObject({ reasonCode: 0x99 });
});

prove("PUBCOMP for an identifier that is not known", { v5: "3.7.2-1" }, async (stage) => {
  const client = await stage.connect("c");
  client.answer("pubrel", 99);
  expect(await client.next("pubcomp")).toMatchObject({ packetId: 99, reasonCode: 0x92 });
});

prove("PUBACK has neither reason string nor user property", { v5: "3.4.2-2 3.4.2-3" }, async (stage) => {
  stage.house.rules = { mayPublish: () => false };
  const client = await stage.connect("c", { properties: { maximumPacketSize: 24 } });
  client.publish("t", "", { qos: 1 });
  expect((await client.next("puback")).properties).toEqual({});
});

prove("PUBREC has neither reason string nor user property", { v5: "3.5.2-2 3.5.2-3" }, async (stage) => {
  stage.house.rules = { mayPublish: () => false };
  const client = await stage.connect("c", { properties: { maximumPacketSize: 24 } });
  client.publish("t", "", { qos: 2 });
  expect((await client.next("pubrec")).properties).toEqual({});
});

prove("PUBCOMP has neither reason string nor user property", { v5: "3.7.2-2 3.7.2-3" }, async (stage) => {
  const client = await stage.connect("c", { properties: { maximumPacketSize: 24 } });
  client.answer("pubrel", 99);
  expect((await client.next("pubcomp")).properties).toEqual({});
});

prove("more at a time than the Receive Maximum", { v5: "3.3.4-7" }, async (stage) => {
  await stage.open({ inFlight: 2 });
  const client = await stage.connect("c");
  for (let index = 0; index < 3; index++) client.publish("t", "", { qos: 2 });
  expect(await client.find("disconnect")).toMatchObject({ reasonCode: 0x93 });
});
