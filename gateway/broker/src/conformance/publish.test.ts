import { expect } from "vitest";
import { DEFAULT_LIMITS, type PublishPacket } from "../index.ts";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { type Stage, texts } from "../testing/stage.ts";

// What a subscriber gets of a message, and how much at a time: §3.3, 5.0 §4.9.

/** What becomes of the properties of a message on its way. */
async function forwarded(
  stage: Stage,
  properties: PublishPacket["properties"],
): Promise<PublishPacket["properties"]> {
  const client = await stage.subscriber("t");
  await stage.publish("t", "1", { qos: 1, properties });
  return (await client.next("publish")).properties;
}

prove("DUP of the publisher is not handed on", { v4: "3.3.1-3", v5: "3.3.1-3" }, async (stage) => {
  const client = await stage.subscriber("t");
  await stage.publish("t", "1", { qos: 1, dup: true });
  await stage.publish("t", "2", { qos: 2, dup: true });
  expect(client.heard).toMatchObject([{ dup: false }, { dup: false }]);
});

prove(
  "QoS 0 has DUP 0 and no identifier",
  { v4: "2.3.1-5 3.3.1-2 4.3.1-1", v5: "2.2.1-2 3.3.1-2 4.3.1-1" },
  async (stage) => {
    const client = await stage.subscriber("t");
    const before = client.wire.length;
    await stage.publish("t", "1");
    expect(client.wire[before]).toBe(0x30);
    // An identifier would be read as something else: in 3.1.1 as payload, in 5.0 as properties.
    expect(client.heard).toMatchObject([{ topic: "t", payload: Buffer.from("1") }]);
  },
);

prove("the topic name is that of the message", { v4: "3.3.2-3", v5: "3.3.2-3" }, async (stage) => {
  const client = await stage.subscriber("a/+/c/#");
  for (const topic of ["a/b/c", "a/b/c/d", "a/b/d", "a/c"]) await stage.publish(topic, "");
  expect(client.heard.map((packet) => packet.type === "publish" && packet.topic)).toEqual([
    "a/b/c",
    "a/b/c/d",
  ]);
});

prove("the Payload Format Indicator goes on", { v5: "3.3.2-4" }, async (stage) => {
  expect(await forwarded(stage, { payloadIsUtf8: true })).toMatchObject({ payloadIsUtf8: true });
});

prove("the Response Topic goes on", { v5: "3.3.2-15" }, async (stage) => {
  expect(await forwarded(stage, { responseTopic: "a/\u00e9" })).toMatchObject({ responseTopic: "a/\u00e9" });
});

prove("Correlation Data go on", { v5: "3.3.2-16" }, async (stage) => {
  const correlationData = Buffer.from([0, 255, 0xc3]);
  expect(await forwarded(stage, { correlationData })).toMatchObject({ correlationData });
});

prove("user properties go on, in their order", { v5: "3.3.2-17 3.3.2-18" }, async (stage) => {
  const userProperties = [
    ["b", "1"],
    ["a", ""],
    ["b", "0"],
  ] as const;
  expect(await forwarded(stage, { userProperties })).toMatchObject({ userProperties });
});

prove("the Content Type goes on", { v5: "3.3.2-20" }, async (stage) => {
  expect(await forwarded(stage, { contentType: "text/plain" })).toMatchObject({ contentType: "text/plain" });
});

prove("what has expired is not sent", { v5: "3.3.2-5" }, async (stage) => {
  await stage.away("c", "t");
  await stage.publish("t", "short", { qos: 1, properties: { messageExpirySeconds: 5 } });
  await stage.publish("t", "long", { qos: 1, properties: { messageExpirySeconds: 50 } });
  await stage.house.pass(6);
  const back = await stage.lasting("c");
  await settled();
  expect(texts(back)).toEqual(["long"]);
});

prove("a retained message that has expired is not sent", { v5: "3.3.2-5" }, async (stage) => {
  await stage.publish("t", "1", { retain: true, properties: { messageExpirySeconds: 5 } });
  await stage.house.pass(6);
  expect((await stage.subscriber("t")).heard).toEqual([]);
});

prove("the Message Expiry Interval is less what was waited", { v5: "3.3.2-6" }, async (stage) => {
  await stage.away("c", "t");
  await stage.publish("t", "1", { qos: 1, properties: { messageExpirySeconds: 50 } });
  await stage.house.pass(20);
  const back = await stage.lasting("c");
  expect(await back.next("publish")).toMatchObject({ properties: { messageExpirySeconds: 30 } });
});

prove("topic aliases of a client end with its connection", { v5: "3.3.2-7" }, async (stage) => {
  const first = await stage.lasting("c");
  first.publish("t", "1", { properties: { topicAlias: 1 } });
  await settled();
  await stage.lose(first);
  const second = await stage.lasting("c");
  second.publish("", "2", { properties: { topicAlias: 1 } });
  expect(await second.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
});

prove("topic aliases of the broker end with the connection", { v5: "3.3.2-7" }, async (stage) => {
  const options = stage.lastingOptions();
  const properties = { topicAliasMaximum: 5, sessionExpirySeconds: 1_000 };
  const first = await stage.connect("c", { ...options, properties });
  await first.subscribe("t");
  await stage.publish("t", "1", { qos: 1 });
  await stage.lose(first);
  const second = await stage.connect("c", { ...options, properties });
  expect(await second.next("publish")).toMatchObject({ topic: "t" });
});

prove("every alias up to the maximum that was told", { v5: "3.3.2-12" }, async (stage) => {
  const topics: string[] = [];
  stage.house.broker.subscribe("#", { qos: 0 }, ({ topic }) => void topics.push(topic));
  const client = stage.dial();
  const { properties } = await client.connect("c");
  const most = properties.topicAliasMaximum ?? 0;
  expect(most).toBe(DEFAULT_LIMITS.topicAliases);
  for (let alias = 1; alias <= most; alias++) {
    client.publish(`t/${alias}`, "", { properties: { topicAlias: alias } });
  }
  for (let alias = 1; alias <= most; alias++) client.publish("", "", { properties: { topicAlias: alias } });
  await settled();
  expect(topics.slice(most)).toEqual(Array.from({ length: most }, (_, index) => `t/${index + 1}`));
});

prove("an alias above the maximum", { v5: "3.2.2-17 3.3.2-9" }, async (stage) => {
  const client = await stage.connect("c");
  client.publish("t", "", { properties: { topicAlias: DEFAULT_LIMITS.topicAliases + 1 } });
  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x94 });
});

prove("an alias where none are taken", { v5: "3.2.2-18" }, async (stage) => {
  await stage.open({ topicAliases: 0 });
  const client = await stage.connect("c");
  client.publish("t", "", { properties: { topicAlias: 1 } });
  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x94 });
});

prove("no alias above the client's maximum", { v5: "3.1.2-26 3.3.2-11" }, async (stage) => {
  const client = await stage.connect("c", { properties: { topicAliasMaximum: 2 } });
  await client.subscribe("#");
  for (const topic of ["a", "b", "c", "a", "b", "c"]) await stage.publish(topic, "");
  const seen = client.heard.map(
    (packet) => packet.type === "publish" && [packet.topic, packet.properties.topicAlias],
  );
  expect(seen).toEqual([
    ["a", 1],
    ["b", 2],
    ["c", undefined],
    ["", 1],
    ["", 2],
    ["c", undefined],
  ]);
});

prove("no alias where the client wants none", { v5: "3.1.2-27" }, async (stage) => {
  const client = await stage.subscriber("t");
  await stage.publish("t", "");
  await stage.publish("t", "");
  expect(client.heard).toMatchObject([
    { topic: "t", properties: {} },
    { topic: "t", properties: {} },
  ]);
  expect(JSON.stringify(client.heard)).not.toContain("topicAlias");
});

prove("nothing larger than the client takes", { v5: "3.1.2-24" }, async (stage) => {
  const client = await stage.connect("c", { properties: { maximumPacketSize: 100 } });
  await client.subscribe("t");
  const before = client.wire.length;
  for (const length of [95, 96, 200]) {
    for (const qos of [0, 1, 2] as const) await stage.publish("t", "x".repeat(length), { qos });
  }
  // Type, length, topic and properties take six bytes, an identifier two.
  expect(client.wire.length - before).toBe(0);
  await stage.publish("t", "x".repeat(94));
  expect(client.wire.length - before).toBe(100);
});

prove("what is too large counts as delivered", { v5: "3.1.2-25" }, async (stage) => {
  const properties = { maximumPacketSize: 100, receiveMaximum: 1 };
  const client = await stage.connect("c", { properties });
  await client.subscribe("t");
  for (const qos of [1, 2] as const) await stage.publish("t", "x".repeat(200), { qos });
  await stage.publish("t", "small", { qos: 1 });
  expect(texts(client)).toEqual(["small"]);
  expect(stage.house.broker.metrics().queuedMessages).toBe(1);
});

prove("no more at a time than the Receive Maximum", { v5: "3.3.4-9 4.9.0-2" }, async (stage) => {
  const client = await stage.connect("c", { properties: { receiveMaximum: 2 } });
  await client.subscribe("t");
  for (const text of ["1", "2", "3", "4"]) await stage.publish("t", text, { qos: text === "2" ? 2 : 1 });
  expect(texts(client)).toEqual(["1", "2"]);
  const [first] = client.drain();
  if (first?.type === "publish") client.answer("puback", first.packetId);
  await settled();
  expect(texts(client)).toEqual(["3"]);
});

prove("PUBREC gives no room yet, PUBCOMP does", { v5: "3.3.4-9 4.9.0-2" }, async (stage) => {
  const client = await stage.connect("c", { properties: { receiveMaximum: 1 } });
  await client.subscribe("t");
  for (const text of ["1", "2"]) await stage.publish("t", text, { qos: 2 });
  const { packetId } = await client.next("publish");
  client.answer("pubrec", packetId);
  await client.next("pubrel");
  await settled();
  expect(client.heard).toEqual([]);
  client.answer("pubcomp", packetId);
  expect(await client.next("publish")).toMatchObject({ payload: Buffer.from("2") });
});

prove("the quota begins above 0", { v5: "4.9.0-1" }, async (stage) => {
  const client = await stage.connect("c", { properties: { receiveMaximum: 1 } });
  await client.subscribe("t");
  for (const text of ["1", "2"]) await stage.publish("t", text, { qos: 1 });
  expect(texts(client)).toEqual(["1"]);
});

prove("everything else goes on without quota", { v5: "3.3.4-10 4.9.0-3" }, async (stage) => {
  const client = await stage.connect("c", { properties: { receiveMaximum: 1 } });
  await client.subscribe("t");
  for (const text of ["1", "2"]) await stage.publish("t", text, { qos: 1 });
  client.drain();
  await client.subscribe("u");
  client.publish("v", "", { qos: 1 });
  await client.next("puback");
  client.publish("v", "", { qos: 2 });
  await client.next("pubrec");
  await stage.publish("u", "0");
  expect(texts(client)).toEqual(["0"]);
});

prove("no words where the client wants none, but in PUBLISH", { v5: "3.1.2-29" }, async (stage) => {
  stage.house.rules = {
    mayPublish: (_, topic) => topic !== "secret",
    maySubscribe: (_, filter) => filter !== "secret",
  };
  const client = await stage.connect("c", { properties: { requestProblemInformation: false } });
  await client.subscribe("t");
  client.publish("secret", "", { qos: 1 });
  client.publish("secret", "", { qos: 2 });
  client.answer("pubrec", 99);
  client.answer("pubrel", 99);
  client.say({ type: "unsubscribe", packetId: 9, filters: ["x"], properties: {} });
  client.publish("t", "", { properties: { userProperties: [["a", "b"]] } });
  await settled();
  for (const packet of client.heard) {
    const words = packet.type === "publish" ? { userProperties: [["a", "b"]] } : {};
    expect(packet).toMatchObject({ properties: words });
    if (packet.type !== "publish") expect(packet).toHaveProperty("properties", {});
  }
  expect(client.heard).toHaveLength(6);
});
