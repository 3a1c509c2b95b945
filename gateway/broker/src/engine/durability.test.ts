import { StoreError } from "@tram/core";
import { describe, expect, test } from "vitest";
import { ReasonCode } from "../index.ts";
import { settled, TestHouse } from "../testing/house.ts";
import type { RawClient } from "../testing/raw-client.ts";

const FULL = new StoreError("full", "no space left");
const texts = (client: RawClient): string[] =>
  client.heard.flatMap((packet) => (packet.type === "publish" ? [packet.payload.toString()] : []));

async function withAway(limits = {}): Promise<{ house: TestHouse; publisher: RawClient }> {
  const house = await TestHouse.open(limits);
  const away = await house.connect("away", { expiry: 1_000 });
  await away.subscribe("a/#");
  away.disconnect();
  await away.end();
  return { house, publisher: await house.connect("publisher") };
}

describe("acknowledged is kept", () => {
  test.each([1, 2] as const)(
    "QoS %s: no acknowledgement before the queue of who is away is written",
    async (qos) => {
      const { house, publisher } = await withAway();
      const release = house.store.hold();
      publisher.publish("a/b", "1", { qos });
      await settled();
      expect(publisher.heard).toEqual([]);
      release();
      await publisher.next(qos === 1 ? "puback" : "pubrec");
      expect((await house.store.entries("mqtt-queue")).size).toBe(1);
    },
  );

  test("no acknowledgement before a retained message is written", async () => {
    const house = await TestHouse.open();
    const publisher = await house.connect("publisher");
    const release = house.store.hold();
    publisher.publish("a/b", "1", { qos: 1, retain: true });
    await settled();
    expect(publisher.heard).toEqual([]);
    release();
    await publisher.next("puback");
    expect([...(await house.store.entries("retained")).keys()]).toEqual(["a/b"]);
  });

  test("QoS 2: PUBREL and PUBCOMP wait until a restart would know them", async () => {
    const { house, publisher } = await withAway();
    const sender = await house.connect("sender", { expiry: 1_000 });
    const id = sender.publish("a", "1", { qos: 2 });
    await sender.next("pubrec");
    const reader = await house.connect("away", { cleanStart: false, expiry: 1_000 });
    const { packetId } = await reader.next("publish");
    const release = house.store.hold();
    sender.say({ type: "pubrel", packetId: id, reasonCode: 0, properties: {} });
    reader.say({ type: "pubrec", packetId, reasonCode: 0, properties: {} });
    await settled();
    expect([sender.heard, reader.heard, publisher.heard]).toEqual([[], [], []]);
    release();
    await sender.next("pubcomp");
    await reader.next("pubrel");
  });

  test("PUBREL that is sent again meanwhile waits too", async () => {
    const { house } = await withAway();
    const sender = await house.connect("sender", { expiry: 1_000 });
    const id = sender.publish("a", "1", { qos: 2 });
    await sender.next("pubrec");
    const release = house.store.hold();
    for (let again = 0; again < 2; again++) {
      sender.say({ type: "pubrel", packetId: id, reasonCode: 0, properties: {} });
      await settled();
    }
    expect(sender.heard).toEqual([]);
    release();
    await settled();
    expect(sender.heard).toMatchObject([{ type: "pubcomp" }, { type: "pubcomp" }]);
  });

  test("what the store refused to release is not answered, and asked for again", async () => {
    const { house } = await withAway();
    const sender = await house.connect("sender", { expiry: 1_000 });
    const id = sender.publish("a", "1", { qos: 2 });
    await sender.next("pubrec");
    house.store.failWith(FULL);
    sender.say({ type: "pubrel", packetId: id, reasonCode: 0, properties: {} });
    await settled();
    expect(sender.heard).toEqual([]);
    house.store.failWith(undefined);
    house.broker.askAgain();
    await sender.end();
  });

  test("what nobody must find again is acknowledged at once", async () => {
    const house = await TestHouse.open();
    const publisher = await house.connect("publisher");
    house.store.hold();
    publisher.publish("a/b", "1", { qos: 1 });
    await publisher.next("puback");
  });

  test("messages of a client are delivered and answered in their order, however long each is kept", async () => {
    const { house, publisher } = await withAway();
    const listener = await house.connect("listener");
    await listener.subscribe("#", { qos: 1 });
    const release = house.store.hold();
    publisher.publish("a/b", "slow", { qos: 1 });
    publisher.publish("c", "fast", { qos: 1 });
    publisher.publish("c", "none", { qos: 0 });
    await settled();
    expect([texts(listener), publisher.heard]).toEqual([[], []]);
    release();
    await settled();
    expect(texts(listener)).toEqual(["slow", "fast", "none"]);
    expect(publisher.heard).toMatchObject([{ packetId: 1 }, { packetId: 2 }]);
  });
});

describe("a crash", () => {
  test("sessions, subscriptions and what waits for them are there again", async () => {
    const { house, publisher } = await withAway();
    publisher.publish("a/1", "one", {
      qos: 1,
      properties: { contentType: "text/plain", messageExpirySeconds: 60 },
    });
    await publisher.next("puback");
    const two = publisher.publish("a/2", "two", { qos: 2 });
    await publisher.next("pubrec");
    publisher.say({ type: "pubrel", packetId: two, reasonCode: 0, properties: {} });
    await publisher.next("pubcomp");
    await house.start();
    const client = house.dial();
    expect(await client.connect("away", { cleanStart: false, expiry: 1_000 })).toMatchObject({
      sessionPresent: true,
    });
    await settled();
    expect(texts(client)).toEqual(["one", "two"]);
    expect(client.heard[0]).toMatchObject({
      properties: { contentType: "text/plain", messageExpirySeconds: 60 },
    });
    const later = await house.connect("later");
    later.publish("a/3", "three", { qos: 1 });
    await client.find("publish");
    await settled();
    expect(texts(client)).toContain("three");
  });

  test("QoS 2 inward: PUBLISH that is sent again is taken once, and PUBREL frees its identifier for good", async () => {
    const house = await TestHouse.open();
    const publisher = await house.connect("publisher", { expiry: 1_000 });
    const away = await house.connect("away", { expiry: 1_000 });
    await away.subscribe("a");
    away.disconnect();
    publisher.publish("a", "1", { qos: 2, packetId: 7 });
    await publisher.next("pubrec");
    await house.start();
    const again = house.dial();
    await again.connect("publisher", { cleanStart: false, expiry: 1_000 });
    again.publish("a", "1", { qos: 2, packetId: 7, dup: true });
    await again.next("pubrec");
    again.say({ type: "pubrel", packetId: 7, reasonCode: 0, properties: {} });
    await again.next("pubcomp");
    await house.start();
    const third = house.dial();
    await third.connect("publisher", { cleanStart: false, expiry: 1_000 });
    third.publish("a", "2", { qos: 2, packetId: 7 });
    await third.next("pubrec");
    const reader = await house.connect("away", { cleanStart: false, expiry: 1_000 });
    await settled();
    expect(texts(reader)).toEqual(["1", "2"]);
  });

  test("QoS 2 outward: what was received is released and not sent again", async () => {
    const { house, publisher } = await withAway();
    publisher.publish("a", "1", { qos: 2 });
    await publisher.next("pubrec");
    const client = await house.connect("away", { cleanStart: false, expiry: 1_000 });
    const { packetId } = await client.next("publish");
    client.say({ type: "pubrec", packetId, reasonCode: 0, properties: {} });
    await client.next("pubrel");
    await house.start();
    const again = await house.connect("away", { cleanStart: false, expiry: 1_000 });
    expect(await again.next("pubrel")).toMatchObject({ packetId });
    again.say({ type: "pubcomp", packetId, reasonCode: 0, properties: {} });
    await settled();
    expect((await house.store.entries("mqtt-queue")).size).toBe(0);
  });

  test("a stop in order does not make what waits look as if it had been sent", async () => {
    const { house, publisher } = await withAway();
    publisher.publish("a", "1", { qos: 1 });
    await publisher.next("puback");
    await house.broker.close();
    await house.start();
    const client = await house.connect("away", { cleanStart: false, expiry: 1_000 });
    expect(await client.next("publish")).toMatchObject({ dup: false });
  });

  test("a retained message and its properties are there again, and expire when they should", async () => {
    const house = await TestHouse.open();
    const publisher = await house.connect("publisher");
    publisher.publish("r", "1", {
      qos: 1,
      retain: true,
      properties: { messageExpirySeconds: 10, correlationData: Buffer.from([0, 255]) },
    });
    await publisher.next("puback");
    await house.pass(4);
    await house.start();
    const reader = await house.connect("reader");
    await reader.subscribe("r");
    expect(await reader.next("publish")).toMatchObject({
      properties: { messageExpirySeconds: 6, correlationData: Buffer.from([0, 255]) },
    });
    await house.pass(7);
    await settled();
    expect((await house.store.entries("retained")).size).toBe(0);
  });

  test("a session that has expired meanwhile is gone with everything that was its own", async () => {
    const { house, publisher } = await withAway();
    publisher.publish("a", "1", { qos: 1 });
    await publisher.next("puback");
    await house.pass(999);
    await house.start();
    await house.pass(2);
    for (const table of ["mqtt-sessions", "mqtt-subscriptions", "mqtt-queue"]) {
      expect((await house.store.entries(table)).size, table).toBe(0);
    }
  });

  test("rows that belong to no session are swept out", async () => {
    const house = new TestHouse();
    await house.store.commit(
      [{ op: "put", table: "mqtt-queue", key: "9/1", value: { id: 1, qos: 1 } }],
      "crash",
    );
    await house.start();
    await settled();
    expect((await house.store.entries("mqtt-queue")).size).toBe(0);
  });
});

describe("wills", () => {
  test("of a crash wait for their clients, and are published when those do not come back", async () => {
    const house = await TestHouse.open();
    await house.connect("back", { will: { topic: "will/back" } });
    await house.connect("lost", { will: { topic: "will/lost", qos: 1 } });
    await settled();
    await house.start();
    const listener = await house.connect("listener");
    await listener.subscribe("will/#");
    await house.pass(5);
    await house.connect("back");
    await house.pass(6);
    expect(listener.heard).toMatchObject([{ type: "publish", topic: "will/lost" }]);
    expect((await house.store.entries("mqtt-sessions")).size).toBe(0);
  });

  test("are not published by a stop, but after it", async () => {
    const house = await TestHouse.open();
    const listener = await house.connect("listener");
    await listener.subscribe("will");
    await house.connect("client", { will: {} });
    await house.broker.close();
    expect(listener.heard.filter(({ type }) => type === "publish")).toEqual([]);
    await house.start();
    const later = await house.connect("later");
    await later.subscribe("will");
    await house.pass(11);
    expect(later.heard).toMatchObject([{ type: "publish", topic: "will" }]);
  });
});

describe("a store that fails", () => {
  test("5.0: the message is refused (0x97), who is here gets it once at QoS 0, and the connection stays", async () => {
    const { house, publisher } = await withAway();
    const here = await house.connect("here");
    await here.subscribe("a/#");
    house.store.failWith(FULL);
    publisher.publish("a/b", "1", { qos: 1 });
    expect(await publisher.next("puback")).toMatchObject({ reasonCode: ReasonCode.quotaExceeded });
    publisher.publish("a/b", "2", { qos: 2 });
    expect(await publisher.next("pubrec")).toMatchObject({ reasonCode: ReasonCode.quotaExceeded });
    await settled();
    expect(here.heard).toMatchObject([
      { type: "publish", qos: 0 },
      { type: "publish", qos: 0 },
    ]);
    expect(publisher.ended).toBe(false);
  });

  test("3.1.1: no acknowledgement; asked again, the client sends it again, and it is kept once", async () => {
    const { house } = await withAway();
    const publisher = await house.connect("old", { version: 4 });
    house.store.failWith(FULL);
    publisher.publish("a/b", "1", { qos: 1 });
    await settled();
    expect([publisher.heard, publisher.ended]).toEqual([[], false]);
    house.store.failWith(undefined);
    house.broker.askAgain();
    await publisher.end();
    const again = await house.connect("old", { version: 4 });
    again.publish("a/b", "1", { qos: 1, dup: true });
    await again.next("puback");
    const client = await house.connect("away", { cleanStart: false, expiry: 1_000 });
    await settled();
    expect(texts(client)).toEqual(["1"]);
  });

  test("a device can still come in, subscribe and be told", async () => {
    const house = await TestHouse.open();
    house.store.failWith(FULL);
    const device = await house.connect("device", { expiry: 100, will: {} });
    expect(await device.subscribe("command", { qos: 1 })).toBe(1);
    await house.broker
      .publish({ topic: "command", payload: Buffer.from("on"), qos: 1, retain: false })
      .catch(() => 0);
    await settled();
    expect(texts(device)).toEqual(["on"]);
  });
});

describe("quotas", () => {
  test("the oldest that wait make room, which is counted", async () => {
    const { house, publisher } = await withAway({ queue: { messages: 2, bytes: 10_000 } });
    for (const text of ["1", "2", "3"]) {
      publisher.publish("a", text, { qos: 1 });
      await publisher.next("puback");
    }
    expect(house.broker.metrics()).toMatchObject({ dropped: 1, queuedMessages: 2 });
    await settled();
    expect((await house.store.entries("mqtt-queue")).size).toBe(2);
  });

  test("of all queues together: the largest pays", async () => {
    const { house, publisher } = await withAway({
      queuedBytes: 1_000,
      queue: { messages: 100, bytes: 5_000 },
    });
    const modest = await house.connect("modest", { expiry: 1_000 });
    await modest.subscribe("m");
    modest.disconnect();
    publisher.publish("m", "kept", { qos: 1 });
    for (let index = 0; index < 30; index++) publisher.publish("a", "x".repeat(40), { qos: 1 });
    await settled(20);
    const { dropped, queuedBytes } = house.broker.metrics();
    expect([dropped > 10, queuedBytes <= 1_000]).toEqual([true, true]);
    const back = await house.connect("modest", { cleanStart: false, expiry: 1_000 });
    await settled();
    expect(texts(back)).toEqual(["kept"]);
  });
});
