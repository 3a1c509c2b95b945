import { StoreError } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Draft, type Outbox } from "./outbox.ts";
import { ACKNOWLEDGED, draftOf, drainAll, keep, openQueue, valuesOf } from "./testing/queue-bench.ts";

const ALL = { after: 0, limit: 100 };

/** Queues messages that the cloud then says it will never take. */
async function park(
  store: MemoryStore,
  outbox: Outbox,
  ...drafts: readonly Draft[]
): Promise<readonly string[]> {
  const ids = await keep(store, outbox, ...drafts);
  for (let flights = await outbox.take(10); flights.length > 0; flights = await outbox.take(10)) {
    for (const flight of flights) outbox.settle(flight, { outcome: "rejected", reason: "too large" });
  }
  await outbox.flush();
  return ids;
}

describe("parked messages", () => {
  it("are shown by the page, as they were, with the reason, after a restart too", async () => {
    const store = new MemoryStore();
    const { outbox: before } = await openQueue(store);
    const ids = await park(store, before, ...[1, 2, 3].map((value) => draftOf("a", value)));
    const { outbox } = await openQueue(store);
    const first = await outbox.parked({ after: 0, limit: 2 });
    expect(first.map(({ message }) => message?.id)).toEqual(ids.slice(0, 2));
    expect(first[0]).toMatchObject({ reason: "too large", message: { value: 1, thing: "a", name: "a/b" } });
    const rest = await outbox.parked({ after: first[1]?.seq ?? 0, limit: 2 });
    expect(rest.map(({ message }) => message?.value)).toEqual([3]);
  });

  it("go again with the id that they had, behind what waits, in one commit", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    const [id] = await park(store, outbox, draftOf("a", 1, { class: "alarm" }));
    await keep(store, outbox, draftOf("a", 2, { class: "alarm" }));
    const [parked] = await outbox.parked(ALL);
    expect(await outbox.sendAgain(parked?.seq ?? 0)).toBe(true);
    expect(
      store.commits
        .at(-1)
        ?.operations.map(({ op }) => op)
        .sort(),
    ).toEqual(["append", "remove"]);
    expect(store.commits.at(-1)?.durability).toBe("power");
    expect(outbox.counts()).toMatchObject({ queued: 2, parked: 0, dropped: 0 });
    const flights = await drainAll(outbox);
    expect(valuesOf(flights)).toEqual([2, 1]);
    expect(flights[1]?.message.id).toBe(id);
    expect(await outbox.sendAgain(parked?.seq ?? 0)).toBe(false);
  });

  it("go once, however often that is asked for at the same time", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await park(store, outbox, draftOf("a", 1));
    const [parked] = await outbox.parked(ALL);
    const seq = parked?.seq ?? 0;
    const answers = await Promise.all([outbox.sendAgain(seq), outbox.discard(seq), outbox.sendAgain(seq)]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(valuesOf(await drainAll(outbox))).toHaveLength(answers[1] ? 0 : 1);
  });

  it("can be discarded, which is no drop", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await park(store, outbox, draftOf("a", 1), draftOf("a", 2));
    const [parked] = await outbox.parked(ALL);
    expect(await outbox.discard(parked?.seq ?? 0)).toBe(true);
    expect(await outbox.discard(parked?.seq ?? 0)).toBe(false);
    expect(outbox.counts()).toMatchObject({ parked: 1, dropped: 0 });
    expect(await store.extent("parked-up")).toMatchObject({ count: 1 });
  });

  it("stay parked when the store does not keep it", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await park(store, outbox, draftOf("a", 1), draftOf("a", 2));
    const [first] = await outbox.parked(ALL);
    store.failWith(new StoreError("full", "no space left"));
    await expect(outbox.sendAgain(first?.seq ?? 0)).rejects.toThrow(StoreError);
    await expect(outbox.discard(first?.seq ?? 0)).rejects.toThrow(StoreError);
    store.failWith(undefined);
    expect(outbox.counts()).toMatchObject({ queued: 0, parked: 2, dropped: 0 });
    expect((await outbox.parked(ALL)).map(({ message }) => message?.value)).toEqual([1, 2]);
    expect(await outbox.sendAgain(first?.seq ?? 0)).toBe(true);
  });

  it("do not go again where nobody can read them, or where a newer state waits", async () => {
    const store = new MemoryStore();
    await store.commit([{ op: "append", log: "outbox-up", seq: 1, value: { from: "another age" } }], "crash");
    const { outbox } = await openQueue(store);
    await park(store, outbox, draftOf("a", 1, { class: "state" }));
    await keep(store, outbox, draftOf("a", 2, { class: "state" }));
    const [strange, old] = await outbox.parked(ALL);
    expect(strange).not.toHaveProperty("message");
    expect(await outbox.sendAgain(strange?.seq ?? 0)).toBe(false);
    expect(await outbox.sendAgain(old?.seq ?? 0)).toBe(true);
    expect(outbox.counts()).toMatchObject({ queued: 1, parked: 1 });
    expect(valuesOf(await drainAll(outbox))).toEqual([2]);
  });

  it("do not go again where a newer state was delivered meanwhile: the cloud would go back to the old one", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await park(store, outbox, draftOf("a", 1, { class: "state" }), draftOf("b", 1, { class: "state" }));
    await keep(store, outbox, draftOf("a", 2, { class: "state" }));
    expect(valuesOf(await drainAll(outbox))).toEqual([2]);
    for (const { seq } of await outbox.parked(ALL)) expect(await outbox.sendAgain(seq)).toBe(true);
    expect(outbox.counts().parked).toBe(0);
    expect((await drainAll(outbox)).map(({ message }) => message.thing)).toEqual(["b"]);
  });

  it("wait anew when they are sent again, whatever the clock was when they were taken", async () => {
    const clock = new VirtualClock({ trust: "untrusted" });
    const limits = { ...DEFAULT_LIMITS, classes: { telemetry: { ttlMs: 3_600_000 } } };
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, { clock, limits });
    const taken = { bootId: clock.bootId, monotonic: clock.monotonic() };
    await park(store, outbox, draftOf("a", 1, { time: clock.now(), taken }));
    clock.step(86_400_000, "synced");
    await keep(store, outbox, draftOf("b", 1));
    await outbox.tend();
    await clock.advance(2 * 3_600_000);
    const [parked] = await outbox.parked(ALL);
    expect(await outbox.sendAgain(parked?.seq ?? 0)).toBe(true);
    // Over a restart too.
    const { outbox: again } = await openQueue(store, { clock, limits });
    for (const sender of [outbox, again]) {
      const flights = await sender.take(10);
      expect(flights.map(({ message }) => message.thing)).toEqual(["a"]);
    }
  });

  it("are never in neither place, however many there are at once", async () => {
    const store = new MemoryStore();
    const limits = { ...DEFAULT_LIMITS, parked: 10_000 };
    const { outbox } = await openQueue(store, { limits, window: 3_000 });
    await keep(store, outbox, ...Array.from({ length: 2_600 }, (_, value) => draftOf("a", value)));
    const flights = await outbox.take(3_000);
    const before = store.commits.length;
    for (const [index, flight] of flights.entries()) {
      outbox.settle(flight, index === 0 ? ACKNOWLEDGED : { outcome: "rejected", reason: "too large" });
    }
    await outbox.flush();
    const commits = store.commits.slice(before);
    expect(commits.length).toBeGreaterThan(1);
    for (const { operations } of commits) {
      const put = operations.filter(({ op }) => op === "append").length;
      const gone = operations.filter((each) => each.op === "remove" && each.log === "outbox-up").length;
      expect(gone - put).toBe(operations === commits[0]?.operations ? 1 : 0);
    }
  });

  it("that are given up for others are counted as dropped, by their class", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, { limits: { ...DEFAULT_LIMITS, parked: 1 } });
    await park(store, outbox, draftOf("a", 1, { class: "alarm" }));
    await park(store, outbox, draftOf("a", 2));
    expect(outbox.counts()).toMatchObject({ parked: 1, drops: { alarm: { parked: 1 } } });
    expect((await outbox.parked(ALL)).map(({ message }) => message?.value)).toEqual([2]);
  });
});
