import { VirtualClock } from "@tram/testkit";
import type { IPublishPacket } from "mqtt";
import { describe, expect, it } from "vitest";
import { FLOOD_PAUSE_MS, MqttInbox, type MqttSubscription, type RefusedMessage } from "./mqtt-inbox.ts";

function publish(messageId: number, more: Partial<IPublishPacket> = {}): IPublishPacket {
  return {
    cmd: "publish",
    topic: "a/set",
    payload: Buffer.from("1"),
    qos: 1,
    dup: false,
    retain: false,
    messageId,
    ...more,
  };
}

/** An inbox whose handler answers when the test says so. */
function house(subscription: Partial<MqttSubscription> = {}) {
  const clock = new VirtualClock();
  const acknowledged: string[] = [];
  const refused: RefusedMessage[] = [];
  const failures: unknown[] = [];
  const heard: { readonly topic: string; readonly end: (error?: Error) => void }[] = [];
  const inbox = new MqttInbox({
    acknowledge: (packetId, code) => acknowledged.push(code === 0 ? `${packetId}` : `${packetId}:${code}`),
    onRefused: (one) => refused.push(one),
    onFailed: (error) => failures.push(error),
    onNonsense: () => failures.push("nonsense"),
    onBehind: () => failures.push("behind"),
    clock,
  });
  inbox.add({
    filters: ["a/#"],
    qos: 1,
    maxBytes: 100,
    onMessage: (topic) =>
      new Promise((resolve, reject) => {
        heard.push({ topic, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    ...subscription,
  });
  let passed = 0;
  const take = (packet: IPublishPacket): void => inbox.take(packet, () => passed++);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { clock, acknowledged, refused, failures, heard, inbox, take, settle, passed: () => passed };
}

describe("what comes from a cloud", () => {
  it("is acknowledged once it was dealt with, in its order, while more is read", async () => {
    const { take, heard, acknowledged, settle, passed } = house();
    for (const id of [1, 2, 3]) take(publish(id));
    expect([passed(), heard.length, acknowledged]).toEqual([3, 3, []]);
    heard[1]?.end();
    await settle();
    expect(acknowledged).toEqual([]);
    heard[0]?.end();
    await settle();
    expect(acknowledged).toEqual(["1", "2"]);
    heard[2]?.end();
    await settle();
    expect(acknowledged).toEqual(["1", "2", "3"]);
  });

  it("is never acknowledged when it could not be dealt with, and holds back no other", async () => {
    const { take, heard, acknowledged, failures, settle } = house();
    for (const id of [1, 2]) take(publish(id));
    heard[0]?.end(new Error("bug"));
    heard[1]?.end();
    await settle();
    expect(acknowledged).toEqual(["2"]);
    expect(failures).toEqual([new Error("bug")]);
  });

  it("is refused unread where it is too long", async () => {
    const { take, heard, acknowledged, refused } = house();
    take(publish(1, { payload: Buffer.alloc(101) }));
    expect([heard, acknowledged, refused]).toEqual([[], ["1:151"], [{ topic: "a/set", why: "too-large" }]]);
  });

  it("is acknowledged where nobody asked for it", () => {
    const { take, heard, acknowledged } = house();
    take(publish(1, { topic: "b" }));
    expect([heard, acknowledged]).toEqual([[], ["1"]]);
  });

  it("finds a bounded place, and a flood is slowed down", async () => {
    const { take, heard, refused, passed, clock, settle, acknowledged } = house();
    for (let id = 1; id <= 16 + 256; id++) {
      take(publish(id));
      // Not faster than they are read in any case.
      if (id % 90 === 0) await clock.advance(FLOOD_PAUSE_MS);
    }
    expect([heard.length, refused.length, passed()]).toEqual([16, 0, 272]);
    take(publish(273));
    expect([refused, passed()]).toEqual([[{ topic: "a/set", why: "too-many" }], 272]);
    await clock.advance(FLOOD_PAUSE_MS);
    expect(passed()).toBe(273);
    for (let at = 0; at < 272; at++) {
      heard[at]?.end();
      await settle();
    }
    expect([heard.length, acknowledged.length, acknowledged.at(-1)]).toEqual([272, 273, "273:151"]);
  });

  it("is read in portions, whatever it is: what nobody hears too", async () => {
    const { take, passed, clock, inbox } = house();
    for (let id = 1; id <= 100; id++) take(publish(id, { topic: "b" }));
    expect(passed()).toBe(99);
    await clock.advance(FLOOD_PAUSE_MS - 1);
    expect(passed()).toBe(99);
    await clock.advance(1);
    expect(passed()).toBe(100);
    take(publish(101, { topic: "b" }));
    expect(passed()).toBe(101);
    inbox.close();
    expect(clock.pending).toBe(0);
  });

  it("is nonsense where nobody has subscribed to it, and it has no end", async () => {
    const { take, clock, failures, inbox } = house();
    const flood = async (count: number): Promise<void> => {
      for (let id = 1; id <= count; id++) {
        take(publish(id, { topic: "b" }));
        if (id % 100 === 0) await clock.advance(FLOOD_PAUSE_MS);
      }
    };
    for (let turn = 0; turn < 5; turn++) {
      await flood(950);
      await clock.advance(FLOOD_PAUSE_MS);
    }
    expect(failures).toEqual([]);
    await flood(1_000);
    expect(failures).toEqual(["nonsense"]);
    inbox.close();
  });

  it("waits in a bounded number for the acknowledgement of one that is open, and then it is told", async () => {
    const { take, clock, failures, heard, settle, acknowledged, inbox } = house();
    take(publish(1));
    for (let id = 2; id <= 1_024; id++) {
      take(publish(id, { topic: "b" }));
      if (id % 90 === 0) await clock.advance(2 * FLOOD_PAUSE_MS);
    }
    expect([failures, acknowledged]).toEqual([[], []]);
    take(publish(1_025, { topic: "b" }));
    expect(failures).toEqual(["behind"]);
    heard[0]?.end();
    await settle();
    expect(acknowledged).toHaveLength(1_025);
    inbox.close();
  });

  it("is not acknowledged any more after the end", async () => {
    const { take, heard, acknowledged, inbox, settle } = house();
    take(publish(1));
    inbox.close();
    heard[0]?.end();
    await settle();
    expect(acknowledged).toEqual([]);
  });
});
