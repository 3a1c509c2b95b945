import type { MessageClass } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import type { Draft, Outbox } from "./outbox.ts";
import { ACKNOWLEDGED, draftOf, keep, openQueue, valuesOf } from "./testing/queue-bench.ts";

const many = (group: string, count: number, messageClass: MessageClass = "telemetry"): readonly Draft[] =>
  Array.from({ length: count }, (_, index) => draftOf(group, index, { class: messageClass }));

/** Takes so many, one after the other. */
async function takeEach(outbox: Outbox, count: number): Promise<readonly string[]> {
  const groups: string[] = [];
  for (let turn = 0; turn < count; turn++) {
    for (const flight of await outbox.take(1)) {
      groups.push(flight.message.group);
      outbox.settle(flight, ACKNOWLEDGED);
    }
  }
  return groups;
}

describe("who leaves next", () => {
  it("a fresh message of a Thing without backlog does not wait for the backlog of another", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(store, outbox, ...many("old", 5_000));
    outbox.connected();
    await keep(store, outbox, draftOf("fresh", 1), draftOf("fresh", 2), draftOf("fresh", 3));
    const groups = await takeEach(outbox, 6);
    expect(groups.filter((group) => group === "fresh")).toHaveLength(3);
  });

  it("each gets its share, whatever that is", async () => {
    for (const [backlogShare, expected] of [
      [0.25, 25],
      [0.5, 50],
      [0.9, 90],
    ] as const) {
      const store = new MemoryStore();
      const { outbox } = await openQueue(store, { backlogShare });
      await keep(store, outbox, ...many("old", 200));
      outbox.connected();
      await keep(store, outbox, ...many("fresh", 200));
      const groups = await takeEach(outbox, 100);
      const backlog = groups.filter((group) => group === "old").length;
      expect(Math.abs(backlog - expected)).toBeLessThanOrEqual(1);
    }
  });

  it("the whole way belongs to the one who is alone", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, { backlogShare: 0.1 });
    await keep(store, outbox, ...many("old", 20));
    outbox.connected();
    expect(await takeEach(outbox, 20)).toHaveLength(20);
    await keep(store, outbox, ...many("fresh", 20));
    expect(await takeEach(outbox, 20)).toHaveLength(20);
  });

  it("alarms and replies go before everything, and a fresh alarm does not wait for a backlog of alarms", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(
      store,
      outbox,
      ...many("old", 100),
      ...many("door", 100, "alarm"),
      ...many("pump", 1, "reply"),
    );
    outbox.connected();
    await keep(store, outbox, draftOf("fresh", 1), draftOf("smoke", 1, { class: "alarm" }));
    expect((await takeEach(outbox, 3)).includes("smoke")).toBe(true);
    const rest = await takeEach(outbox, 102);
    expect(rest.indexOf("pump")).toBe(98);
    expect(rest.slice(-4)).toEqual(expect.arrayContaining(["fresh", "old"]));
  });

  it("a Thing with a backlog queues its new messages behind it, and keeps up again when that is gone", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, { window: 10 });
    await keep(store, outbox, ...many("a", 3));
    outbox.connected();
    await keep(store, outbox, draftOf("a", 3));
    const flights = await outbox.take(10);
    expect(valuesOf(flights)).toEqual([0, 1, 2, 3]);
    for (const flight of flights) outbox.settle(flight, ACKNOWLEDGED);
    await keep(store, outbox, ...many("b", 50));
    outbox.connected();
    await keep(store, outbox, draftOf("a", 4));
    expect(valuesOf(await outbox.take(2))).toContain(4);
  });

  it("a queue that was found at the start is a backlog, and so is one that does not keep up", async () => {
    const store = new MemoryStore();
    const { outbox: before } = await openQueue(store);
    await keep(store, before, ...many("found", 100));
    const { outbox } = await openQueue(store);
    await keep(store, outbox, ...many("busy", 300), draftOf("fresh", 1));
    expect((await takeEach(outbox, 2)).includes("fresh")).toBe(true);
  });

  it("reads the backlog by the page, with fresh messages in between", async () => {
    const store = new MemoryStore();
    const { outbox: before } = await openQueue(store);
    await keep(store, before, ...many("old", 3_000));
    const { outbox } = await openQueue(store, { window: 100 });
    let reads = 0;
    const rows = store.rows.bind(store);
    store.rows = (log, options) => {
      reads++;
      return rows(log, options);
    };
    for (let turn = 0; turn < 600; turn++) {
      await keep(store, outbox, draftOf("fresh", turn));
      for (const flight of await outbox.take(6)) outbox.settle(flight, ACKNOWLEDGED);
    }
    expect(outbox.counts().queued).toBeLessThan(100);
    expect(reads).toBeLessThan(10);
  });
});
