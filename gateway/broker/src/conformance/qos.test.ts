import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import type { RawClient } from "../testing/raw-client.ts";
import { type Stage, texts } from "../testing/stage.ts";

// Deliveries of QoS 1 and 2 as the broker sends them: §4.3, §4.4.

/** A client with a lasting session, and a message of QoS 1 or 2 that it was sent and has not answered. */
async function underWay(stage: Stage, qos: 1 | 2): Promise<{ client: RawClient; packetId: number }> {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  await stage.publish("t", "1", { qos });
  const { packetId } = await client.next("publish");
  return { client, packetId };
}

/** What a client was sent, by identifier. */
function identified(client: RawClient): string[] {
  const seen = client.heard.map((packet) =>
    packet.type === "publish" ? `${packet.packetId}: QoS ${packet.qos}, ${packet.payload}` : packet.type,
  );
  return seen.toSorted();
}

prove(
  "identifiers are above 0 and not in use",
  { v4: "2.3.1-4 4.3.2-1 4.3.3-1", v5: "2.2.1-4 4.3.2-1 4.3.3-1" },
  async (stage) => {
    const client = await stage.lasting("c");
    await client.subscribe("t");
    for (const qos of [1, 2, 1, 2] as const) await stage.publish("t", "1", { qos });
    const ids = client.drain().map((packet) => (packet.type === "publish" ? packet.packetId : 0));
    client.answer("puback", ids[0] ?? 0);
    await stage.publish("t", "2", { qos: 1 });
    const [last] = client.drain();
    const inUse = ids.slice(1);
    expect([ids.length, new Set(ids).size, ids.includes(0)]).toEqual([4, 4, false]);
    expect(last?.type === "publish" && last.packetId > 0 && !inUse.includes(last.packetId)).toBe(true);
  },
);

prove(
  "QoS 1 and 2 go out first with DUP 0",
  { v4: "4.3.2-1 4.3.3-1", v5: "4.3.2-2 4.3.3-2" },
  async (stage) => {
    const client = await stage.subscriber("t");
    await stage.publish("t", "1", { qos: 1 });
    await stage.publish("t", "2", { qos: 2 });
    expect(client.heard).toMatchObject([
      { qos: 1, dup: false },
      { qos: 2, dup: false },
    ]);
  },
);

prove("QoS 1 is unacknowledged until PUBACK", { v4: "4.3.2-1", v5: "4.3.2-3" }, async (stage) => {
  const { client, packetId } = await underWay(stage, 1);
  await stage.lose(client);
  const again = await stage.lasting("c");
  expect(await again.next("publish")).toMatchObject({ packetId });
  again.answer("puback", packetId);
  await settled();
  await stage.lose(again);
  const third = await stage.lasting("c");
  await settled();
  expect(third.heard).toEqual([]);
});

prove("QoS 2 is unacknowledged until PUBREC", { v4: "4.3.3-1", v5: "4.3.3-3" }, async (stage) => {
  const { client, packetId } = await underWay(stage, 2);
  await stage.lose(client);
  const again = await stage.lasting("c");
  expect(await again.next("publish")).toMatchObject({ packetId, qos: 2 });
});

prove(
  "PUBREC is answered with PUBREL of the same identifier",
  { v4: "2.3.1-6 4.3.3-1", v5: "2.2.1-5 4.3.3-4" },
  async (stage) => {
    const { client, packetId } = await underWay(stage, 2);
    client.answer("pubrec", packetId);
    expect(await client.next("pubrel")).toMatchObject({ packetId, reasonCode: 0 });
  },
);

prove("PUBREL is unacknowledged until PUBCOMP", { v4: "4.3.3-1", v5: "4.3.3-5" }, async (stage) => {
  const { client, packetId } = await underWay(stage, 2);
  client.answer("pubrec", packetId);
  await client.next("pubrel");
  await stage.lose(client);
  const again = await stage.lasting("c");
  expect(await again.next("pubrel")).toMatchObject({ packetId });
  again.answer("pubcomp", packetId);
  await settled();
  await stage.lose(again);
  const third = await stage.lasting("c");
  await settled();
  expect(third.heard).toEqual([]);
});

prove("PUBLISH is not sent again once PUBREL was", { v4: "4.3.3-1", v5: "4.3.3-6" }, async (stage) => {
  const { client, packetId } = await underWay(stage, 2);
  client.answer("pubrec", packetId);
  await client.next("pubrel");
  await stage.lose(client);
  const again = await stage.lasting("c");
  await settled();
  expect(again.heard.filter(({ type }) => type === "publish")).toEqual([]);
});

prove("what was sent does not expire any more", { v5: "4.3.3-7" }, async (stage) => {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  await stage.publish("t", "1", { qos: 2, properties: { messageExpirySeconds: 5 } });
  const { packetId } = await client.next("publish");
  await stage.lose(client);
  await stage.house.pass(10);
  const again = await stage.lasting("c");
  expect(await again.next("publish")).toMatchObject({ packetId });
});

prove(
  "after a reconnect everything unacknowledged is sent again",
  { v4: "4.4.0-1", v5: "4.4.0-1" },
  async (stage) => {
    const client = await stage.lasting("c");
    await client.subscribe("t");
    for (const text of ["1", "2", "3"]) await stage.publish("t", text, { qos: text === "2" ? 2 : 1 });
    const first = identified(client);
    await stage.lose(client);
    const again = await stage.lasting("c");
    await settled();
    expect(identified(again)).toEqual(first);
  },
);

prove("DUP is set where PUBLISH is sent again", { v4: "3.3.1-1", v5: "3.3.1-1" }, async (stage) => {
  for (const qos of [1, 2] as const) {
    await stage.open();
    const { client } = await underWay(stage, qos);
    await stage.lose(client);
    const again = await stage.lasting("c");
    expect(await again.next("publish")).toMatchObject({ dup: true });
  }
});

prove("nothing is sent again before a reconnect", { v5: "4.4.0-1" }, async (stage) => {
  const { client } = await underWay(stage, 1);
  await stage.house.pass(600);
  expect(client.heard).toEqual([]);
});

prove("what is sent again keeps its order", { v4: "4.6.0-1", v5: "4.6.0-1" }, async (stage) => {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  for (let index = 0; index < 20; index++) await stage.publish("t", `${index}`, { qos: index % 2 ? 1 : 2 });
  const order = texts(client);
  await stage.lose(client);
  const again = await stage.lasting("c");
  await settled();
  expect(texts(again)).toEqual(order);
});

prove("what was refused is not sent again", { v5: "4.4.0-2" }, async (stage) => {
  const client = await stage.lasting("c");
  await client.subscribe("t");
  for (const [qos, type] of [
    [1, "puback"],
    [2, "pubrec"],
  ] as const) {
    await stage.publish("t", "1", { qos });
    const { packetId } = await client.next("publish");
    client.answer(type, packetId, 0x80);
    await settled();
  }
  expect(client.heard).toEqual([]);
  await stage.lose(client);
  const again = await stage.lasting("c");
  await settled();
  expect(again.heard).toEqual([]);
});

prove("PUBREL for an identifier that is not known", { v5: "3.6.2-1" }, async (stage) => {
  const client = await stage.connect("c");
  client.answer("pubrec", 99);
  expect(await client.next("pubrel")).toMatchObject({ packetId: 99, reasonCode: 0x92 });
});

prove("PUBREL has neither reason string nor user property", { v5: "3.6.2-2 3.6.2-3" }, async (stage) => {
  const client = await stage.connect("c", { properties: { maximumPacketSize: 24 } });
  client.answer("pubrec", 99);
  expect((await client.next("pubrel")).properties).toEqual({});
});

prove(
  "subscribers get a client's messages in its order",
  { v4: "4.6.0-5 4.6.0-6", v5: "4.6.0-5 4.6.0-6" },
  async (stage) => {
    const here = await stage.subscriber("t", { qos: 1 });
    await stage.away("c", "t");
    const publisher = await stage.connect("p");
    const order = Array.from({ length: 30 }, (_, index) => `${index}`);
    for (const text of order) publisher.publish("t", text, { qos: 1 });
    await settled(20);
    const back = await stage.lasting("c");
    await settled();
    expect([texts(here), texts(back)]).toEqual([order, order]);
  },
);
