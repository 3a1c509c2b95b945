import { describe, expect, test } from "vitest";
import { ReasonCode } from "../index.ts";
import { settled, TestHouse } from "../testing/house.ts";
import type { RawClient } from "../testing/raw-client.ts";

const KEPT = ReasonCode.noMatchingSubscribers;
const FULL = ReasonCode.quotaExceeded;
const RETAINED = { qos: 1, retain: true } as const;

/** @returns the reason code of PUBACK. */
async function retain(client: RawClient, topic: string, text: string): Promise<number> {
  client.publish(topic, text, RETAINED);
  return (await client.find("puback")).reasonCode;
}

async function retainedTopics(house: TestHouse): Promise<string[]> {
  const reader = await house.connect("reader");
  await reader.subscribe("#", { qos: 0 });
  await settled();
  const topics = reader.drain().flatMap((each) => (each.type === "publish" ? [each.topic] : []));
  reader.disconnect();
  await reader.end();
  return topics.sort();
}

describe("an account that retains as much as it may", () => {
  test("has a quarter, and whatever it does the others keep and change what is theirs", async () => {
    const taken: string[] = [];
    const house = await TestHouse.open(
      { retained: { messages: 40, bytes: 40_000 } },
      { accept: ({ username }, { topic, payload }) => void taken.push(`${username} ${topic} ${payload}`) },
    );
    const lamp = await house.connect("lamp", { userName: "lamp" });
    const old = await house.connect("old", { userName: "lamp", version: 4 });
    expect(await retain(lamp, "lamp/hue", "1")).toBe(KEPT);
    await retain(old, "lamp/level", "1");
    const greedy = await house.connect("greedy", { userName: "greedy" });
    for (let index = 0; index < 20; index++) {
      expect(await retain(greedy, `greedy/${index}`, "1")).toBe(index < 10 ? KEPT : FULL);
    }
    expect(await retain(greedy, "greedy/0", "2"), "known, and no longer").toBe(KEPT);
    expect(await retain(greedy, "greedy/0", "x".repeat(10_000)), "beyond a quarter of the bytes").toBe(FULL);
    taken.length = 0;
    expect(await retain(lamp, "lamp/hue", "2")).toBe(KEPT);
    expect(await retain(lamp, "lamp/new", "1")).toBe(KEPT);
    await retain(old, "lamp/level", "20");
    expect(taken).toEqual(["lamp lamp/hue 2", "lamp lamp/new 1", "lamp lamp/level 20"]);
    await house.broker.publish({ topic: "house", payload: Buffer.from("1"), ...RETAINED });
    expect(house.broker.metrics()).toMatchObject({ retained: 14 });
    expect(house.lines.filter((line) => line.includes("no room"))).toHaveLength(1);
  });

  test("cannot make up for it with what it says beside the payload", async () => {
    const house = await TestHouse.open({ retained: { messages: 40, bytes: 40_000 } });
    const greedy = await house.connect("greedy", { userName: "greedy" });
    const properties = { userProperties: [["k", "v".repeat(6_000)]] as const };
    greedy.publish("a", "1", { ...RETAINED, properties });
    expect(await greedy.find("puback")).toMatchObject({ reasonCode: KEPT });
    greedy.publish("b", "1", { ...RETAINED, properties });
    expect(await greedy.find("puback")).toMatchObject({ reasonCode: FULL });
  });

  test.each([
    ["at QoS 0", 5, 0],
    ["of 3.1.1", 4, 1],
    ["of 3.1.1 at QoS 2", 4, 2],
  ] as const)(
    "and cannot be told so, %s, is routed, and the topic has no message any more",
    async (_what, version, qos) => {
      const house = await TestHouse.open({ retained: { messages: 4, bytes: 40_000 } });
      const reader = await house.connect("live");
      await reader.subscribe("lamp/#", { qos: 0 });
      const lamp = await house.connect("lamp", { userName: "lamp", version });
      lamp.publish("lamp/a", "1", { qos, retain: true });
      for (let index = 0; index < 50; index++) lamp.publish(`lamp/${index}`, "1", { qos, retain: true });
      await settled(30);
      expect(lamp.ended).toBe(false);
      expect(reader.drain()).toHaveLength(51);
      expect(await retainedTopics(house)).toEqual(["lamp/a"]);
      lamp.publish("lamp/a", "x".repeat(30_000), { qos, retain: true });
      await settled(30);
      expect(reader.drain(), "the earlier one would be a lie").toHaveLength(1);
      expect(await retainedTopics(house)).toEqual([]);
      expect([...(await house.store.entries("retained")).keys()]).toEqual([]);
      expect(house.broker.metrics()).toMatchObject({ retained: 0, dropped: 51 });
      expect(house.lines.filter((line) => line.includes("no room"))).toHaveLength(1);
    },
  );

  test("holds it after a restart too, and what an older gateway kept without a name is taken", async () => {
    const house = await TestHouse.open({ retained: { messages: 16, bytes: 40_000 } });
    const greedy = await house.connect("greedy", { userName: "greedy" });
    for (let index = 0; index < 4; index++) await retain(greedy, `greedy/${index}`, "1");
    await house.store.commit(
      Array.from({ length: 6 }, (_, index) => ({
        op: "put" as const,
        table: "retained",
        key: `old/${index}`,
        value: { payload: "MQ==", qos: 1 },
      })),
      "power",
    );
    await house.start();
    expect(house.lines).toEqual([]);
    expect(house.broker.metrics()).toMatchObject({ retained: 10 });
    const again = await house.connect("greedy", { userName: "greedy" });
    expect(await retain(again, "greedy/4", "1")).toBe(FULL);
    expect(await retain(again, "old/0", "12"), "known, and nobody's").toBe(KEPT);
    const lamp = await house.connect("lamp", { userName: "lamp" });
    for (let index = 0; index < 4; index++) expect(await retain(lamp, `old/${index}`, "22")).toBe(KEPT);
    expect(await retain(lamp, "lamp/1", "1"), "those are the lamp's now").toBe(FULL);
  });
});

test("a SUBSCRIBE whose filters find nothing takes its turns between those of the others", async () => {
  const house = await TestHouse.open();
  for (let index = 0; index < 5_000; index++) {
    const message = { topic: `d/${index}`, payload: Buffer.from("1"), qos: 0, retain: true } as const;
    await house.broker.publish(message, { volatile: true });
  }
  const client = await house.connect("a");
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const filters = [...Array.from({ length: 99 }, (_, index) => `d/+/${index}`), "d/4999"];
  const subscriptions = filters.map((filter) => ({ filter, ...options }));
  client.say({ type: "subscribe", packetId: 1, subscriptions, properties: {} });
  let turns = 0;
  for (; !client.heard.some(({ type }) => type === "publish") && turns < 10_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  // 99 times 5,000 nodes, about 4,096 of them in a turn.
  expect(turns).toBeGreaterThan(100);
  expect(turns).toBeLessThan(10_000);
});
