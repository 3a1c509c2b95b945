import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import type { RawClient } from "../testing/raw-client.ts";
import { texts } from "../testing/stage.ts";

// SUBSCRIBE and UNSUBSCRIBE: §3.8 to §3.11.

function subscribeAll(client: RawClient, packetId: number, filters: readonly [string, 0 | 1 | 2][]): void {
  client.say({
    type: "subscribe",
    packetId,
    subscriptions: filters.map(([filter, qos]) => {
      return { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
    }),
    properties: {},
  });
}

prove("SUBSCRIBE is answered", { v4: "3.8.4-1", v5: "3.8.4-1" }, async (stage) => {
  const client = await stage.connect("c");
  subscribeAll(client, 1, [["t", 0]]);
  await client.next("suback");
});

prove("SUBACK has its identifier", { v4: "2.3.1-7 3.8.4-2", v5: "2.2.1-6 3.8.4-2" }, async (stage) => {
  const client = await stage.connect("c");
  for (const packetId of [1, 256, 65_535]) {
    subscribeAll(client, packetId, [["t", 0]]);
    expect(await client.next("suback")).toMatchObject({ packetId });
  }
});

prove("the same filter replaces the subscription", { v4: "3.8.4-3", v5: "3.8.4-3" }, async (stage) => {
  const client = await stage.subscriber("t", { qos: 2 });
  await client.subscribe("t", { qos: 0 });
  await stage.publish("t", "1", { qos: 2 });
  expect(client.heard).toMatchObject([{ type: "publish", qos: 0 }]);
});

prove("with it retained messages are sent again", { v4: "3.8.4-3", v5: "3.8.4-4" }, async (stage) => {
  await stage.publish("t", "1", { retain: true });
  const client = await stage.subscriber("t");
  await client.subscribe("t");
  await settled();
  expect(texts(client)).toEqual(["1", "1"]);
});

prove("and no message is lost", { v4: "3.8.4-3", v5: "3.8.4-4" }, async (stage) => {
  const client = await stage.subscriber("t", { qos: 1 });
  const publisher = await stage.connect("p");
  for (let index = 0; index < 10; index++) {
    publisher.publish("t", `${index}`, { qos: 1 });
    subscribeAll(client, index + 100, [["t", 1]]);
  }
  await settled(20);
  expect(texts(client)).toEqual(Array.from({ length: 10 }, (_, index) => `${index}`));
});

prove("several filters, one answer", { v4: "3.8.4-4", v5: "3.8.4-5" }, async (stage) => {
  const client = await stage.connect("c");
  subscribeAll(client, 7, [
    ["a", 0],
    ["b", 1],
    ["c", 2],
  ]);
  await settled();
  expect(client.drain().map(({ type }) => type)).toEqual(["suback"]);
  for (const topic of ["a", "b", "c"]) await stage.publish(topic, topic);
  expect(texts(client)).toEqual(["a", "b", "c"]);
});

prove("a code for each filter", { v4: "3.8.4-5", v5: "3.8.4-6" }, async (stage) => {
  const client = await stage.connect("c");
  for (const count of [1, 2, 20]) {
    subscribeAll(
      client,
      count,
      Array.from({ length: count }, (_, index) => [`t/${index}`, 1]),
    );
    const { reasonCodes } = await client.next("suback");
    expect(reasonCodes).toHaveLength(count);
  }
});

prove("the codes are in the order of the filters", { v4: "3.9.3-1", v5: "3.9.3-1" }, async (stage) => {
  stage.house.rules = { maySubscribe: (_, filter) => filter !== "secret" };
  const client = await stage.connect("c");
  subscribeAll(client, 7, [
    ["a", 2],
    ["secret", 1],
    ["b", 0],
    ["c", 1],
  ]);
  const failure = stage.version === 5 ? 0x87 : 0x80;
  expect(await client.next("suback")).toMatchObject({ reasonCodes: [2, failure, 0, 1] });
});

prove(
  "the code is the QoS granted, or a failure",
  { v4: "3.8.4-5 3.9.3-2", v5: "3.8.4-7 3.9.3-2" },
  async (stage) => {
    stage.house.rules = { maySubscribe: (_, filter) => filter !== "secret" };
    const client = await stage.connect("c");
    for (const qos of [0, 1, 2] as const) expect(await client.subscribe("t", { qos })).toBe(qos);
    expect(await client.subscribe("secret")).toBe(stage.version === 5 ? 0x87 : 0x80);
    await stage.publish("secret", "1");
    expect(texts(client)).toEqual([]);
  },
);

prove("the lower of the two QoS", { v4: "3.8.4-6", v5: "3.8.4-8" }, async (stage) => {
  const client = await stage.connect("c");
  const seen: string[] = [];
  for (const granted of [0, 1, 2] as const) {
    await client.subscribe("t", { qos: granted });
    for (const qos of [0, 1, 2] as const) {
      await stage.publish("t", "", { qos });
      for (const packet of client.drain())
        if (packet.type === "publish") seen.push(`${granted}${qos}${packet.qos}`);
    }
  }
  expect(seen).toEqual(["000", "010", "020", "100", "111", "121", "200", "211", "222"]);
});

prove("wildcards are supported", { v4: "3.8.3-2" }, async (stage) => {
  const client = await stage.connect("c");
  expect([await client.subscribe("a/+"), await client.subscribe("#")]).toEqual([2, 2]);
});

prove("overlapping subscriptions: the highest QoS", { v4: "3.3.5-1", v5: "3.3.4-2" }, async (stage) => {
  for (const highest of ["a/#", "a/+", "a/b"]) {
    await stage.open();
    const client = await stage.connect("c");
    for (const filter of ["a/#", "a/+", "a/b"]) {
      await client.subscribe(filter, { qos: filter === highest ? 2 : 0 });
    }
    await stage.publish("a/b", "1", { qos: 2 });
    expect(client.heard).toMatchObject([{ type: "publish", qos: 2 }]);
  }
});

prove("the identifiers of all that match", { v5: "3.3.4-3 3.3.4-4" }, async (stage) => {
  const client = await stage.connect("c");
  await client.subscribe("a/#", { identifier: 1 });
  await client.subscribe("a/+", { identifier: 268_435_455 });
  await client.subscribe("a/b");
  await client.subscribe("b", { identifier: 3 });
  await stage.publish("a/b", "1", { qos: 1 });
  expect(client.heard).toMatchObject([{ properties: { subscriptionIdentifiers: [1, 268_435_455] } }]);
});

prove("No Local: not to who published it", { v5: "3.8.3-3" }, async (stage) => {
  const client = await stage.connect("c");
  const other = await stage.subscriber("t", { noLocal: true });
  await client.subscribe("t", { noLocal: true });
  client.publish("t", "1");
  await settled();
  expect([texts(client), texts(other)]).toEqual([[], ["1"]]);
});

prove("SUBACK has neither reason string nor user property", { v5: "3.9.2-1 3.9.2-2" }, async (stage) => {
  stage.house.rules = { maySubscribe: () => false };
  const client = await stage.connect("c", { properties: { maximumPacketSize: 24 } });
  subscribeAll(client, 1, [["t", 0]]);
  expect((await client.next("suback")).properties).toEqual({});
});

prove("an answer that the client does not take ends the connection", { v5: "3.1.2-24" }, async (stage) => {
  const filters = Array.from({ length: 40 }, (_, index) => `t/${index}`);
  const subscribing = await stage.connect("s", { properties: { maximumPacketSize: 24 } });
  subscribeAll(
    subscribing,
    1,
    filters.map((filter) => [filter, 0]),
  );
  const unsubscribing = await stage.connect("u", { properties: { maximumPacketSize: 24 } });
  unsubscribing.say({ type: "unsubscribe", packetId: 1, filters, properties: {} });
  for (const client of [subscribing, unsubscribing]) {
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x95 });
    await client.end();
  }
});

prove("filters are compared letter by letter", { v4: "3.10.4-1", v5: "3.10.4-1" }, async (stage) => {
  const client = await stage.connect("c");
  await client.subscribe("a/b");
  for (const filter of ["a/+", "A/b", "a/b/", "a/#", "/a/b"]) await client.unsubscribe(filter);
  await stage.publish("a/b", "1");
  await client.unsubscribe("a/b");
  await stage.publish("a/b", "2");
  expect(texts(client)).toEqual(["1"]);
});

prove("a filter with wildcards goes as it came", { v4: "3.10.4-1", v5: "3.10.4-1" }, async (stage) => {
  const client = await stage.connect("c");
  await client.subscribe("a/+");
  await client.unsubscribe("a/+");
  await stage.publish("a/b", "1");
  expect(texts(client)).toEqual([]);
});

prove("nothing new behind UNSUBSCRIBE", { v4: "3.10.4-2", v5: "3.10.4-2" }, async (stage) => {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  await client.unsubscribe("t");
  for (const qos of [0, 1, 2] as const) await stage.publish("t", "1", { qos });
  expect(texts(client)).toEqual([]);
});

prove("what was begun is brought to its end", { v4: "3.10.4-3", v5: "3.10.4-3" }, async (stage) => {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  await stage.publish("t", "1", { qos: 2 });
  const { packetId } = await client.next("publish");
  await client.unsubscribe("t");
  await stage.lose(client);
  const again = await stage.lasting("c");
  expect(await again.next("publish")).toMatchObject({ packetId });
  again.answer("pubrec", packetId);
  expect(await again.next("pubrel")).toMatchObject({ packetId });
});

prove(
  "UNSUBACK has its identifier",
  { v4: "2.3.1-7 3.10.4-4", v5: "2.2.1-6 3.10.4-4 3.10.4-5" },
  async (stage) => {
    const client = await stage.subscriber("t");
    client.say({ type: "unsubscribe", packetId: 65_535, filters: ["t"], properties: {} });
    expect(await client.next("unsuback")).toMatchObject({ packetId: 65_535 });
  },
);

prove("UNSUBACK comes where nothing was subscribed", { v4: "3.10.4-5", v5: "3.10.4-5" }, async (stage) => {
  const client = await stage.connect("c");
  client.say({ type: "unsubscribe", packetId: 9, filters: ["t"], properties: {} });
  expect(await client.next("unsuback")).toMatchObject({ packetId: 9 });
});

prove("several filters are let go, with one answer", { v4: "3.10.4-6", v5: "3.10.4-6" }, async (stage) => {
  const client = await stage.connect("c");
  for (const filter of ["a", "b", "c"]) await client.subscribe(filter);
  client.say({ type: "unsubscribe", packetId: 9, filters: ["a", "c"], properties: {} });
  await settled();
  expect(client.drain().map(({ type }) => type)).toEqual(["unsuback"]);
  for (const topic of ["a", "b", "c"]) await stage.publish(topic, topic);
  expect(texts(client)).toEqual(["b"]);
});

prove("a code for each filter that is let go, in their order", { v5: "3.11.3-1 3.11.3-2" }, async (stage) => {
  const client = await stage.subscriber("b");
  client.say({ type: "unsubscribe", packetId: 9, filters: ["a", "b", "c"], properties: {} });
  expect(await client.next("unsuback")).toMatchObject({ reasonCodes: [0x11, 0, 0x11] });
});

prove("UNSUBACK has neither reason string nor user property", { v5: "3.11.2-1 3.11.2-2" }, async (stage) => {
  const client = await stage.connect("c", { properties: { maximumPacketSize: 24 } });
  client.say({ type: "unsubscribe", packetId: 9, filters: ["a"], properties: {} });
  expect((await client.next("unsuback")).properties).toEqual({});
});
