import { StoreError } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import type { Draft, Flight } from "./outbox.ts";
import { GatedStore } from "./testing/gated-store.ts";
import { ACKNOWLEDGED, draftOf, drainAll, keep, openQueue, RETRY, valuesOf } from "./testing/queue-bench.ts";

const state = (value: number, name = "a/b"): Draft => draftOf("lamp", value, { class: "state", name });

describe("class state", () => {
  it("keeps the latest of each property, at the end, and takes the old one out in the same commit", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(store, outbox, state(1, "a/x"));
    await keep(store, outbox, state(2, "a/y"));
    await keep(store, outbox, state(3, "a/x"));
    expect(store.commits).toHaveLength(3);
    expect(store.commits[2]?.operations.map(({ op }) => op)).toEqual(["remove", "append"]);
    expect(outbox.counts()).toMatchObject({ queued: 2, dropped: 0 });
    expect(await store.extent("outbox-up")).toMatchObject({ count: 2 });
    expect(valuesOf(await drainAll(outbox))).toEqual([2, 3]);
  });

  it("tells Things apart that share a group", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(store, outbox, { ...state(1), thing: "one" }, { ...state(2), thing: "two" });
    expect(valuesOf(await drainAll(outbox))).toEqual([1, 2]);
  });

  it("leaves alone what is in flight", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(store, outbox, state(1));
    const [first] = await outbox.take(10);
    await keep(store, outbox, state(2));
    expect(await store.extent("outbox-up")).toMatchObject({ count: 2 });
    outbox.settle(first as Flight, ACKNOWLEDGED);
    expect(valuesOf(await drainAll(outbox))).toEqual([2]);
  });

  it("sends one of a property at a time, however many may fly: an older one must not arrive last", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, { window: 10 });
    await keep(store, outbox, state(1, "a/x"));
    const [first] = await outbox.take(10);
    await keep(store, outbox, state(2, "a/y"), state(3, "a/x"));
    expect(valuesOf(await outbox.take(10))).toEqual([2]);
    outbox.settle(first as Flight, ACKNOWLEDGED);
    expect(valuesOf(await outbox.take(10))).toEqual([3]);
  });

  it("takes out what comes back from the line and is old by now", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(store, outbox, state(1));
    const [first] = await outbox.take(10);
    await keep(store, outbox, state(2));
    outbox.settle(first as Flight, RETRY);
    outbox.resume();
    await outbox.flush();
    expect(await store.extent("outbox-up")).toMatchObject({ count: 1 });
    expect(outbox.counts().queued).toBe(1);
    expect(valuesOf(await drainAll(outbox))).toEqual([2]);
  });

  it("has the old one back, in its place, when the unit of the new one was not kept", async () => {
    const memory = new MemoryStore();
    const store = new GatedStore(memory);
    const { outbox } = await openQueue(store);
    await keep(store, outbox, state(1, "a/x"), state(2, "a/y"));
    store.holding = true;
    const failing = keep(store, outbox, state(3, "a/x"));
    // Nothing passes the claimed one meanwhile: it may have to leave first.
    expect(await outbox.take(10)).toEqual([]);
    store.holding = false;
    await store.release(0, false);
    await expect(failing).rejects.toThrow(StoreError);
    expect(outbox.counts()).toMatchObject({ queued: 2, dropped: 1, drops: { state: { "not-kept": 1 } } });
    expect(valuesOf(await drainAll(outbox))).toEqual([1, 2]);
  });

  it("compacts those whose units overlap, whichever is kept first", async () => {
    for (const order of [
      [0, 0],
      [1, 0],
    ]) {
      const memory = new MemoryStore();
      const store = new GatedStore(memory);
      const { outbox } = await openQueue(store);
      store.holding = true;
      const units = [keep(store, outbox, state(1)), keep(store, outbox, state(2))];
      store.holding = false;
      for (const index of order) await store.release(index, true);
      await Promise.all(units);
      await outbox.flush();
      expect(await memory.extent("outbox-up")).toMatchObject({ count: 1 });
      expect(valuesOf(await drainAll(outbox))).toEqual([2]);
    }
  });

  it("compacts what a crash left of two", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store);
    await keep(store, outbox, state(1));
    await outbox.take(1);
    await keep(store, outbox, state(2));
    const { outbox: again } = await openQueue(store);
    await again.flush();
    expect(await store.extent("outbox-up")).toMatchObject({ count: 1 });
    expect(valuesOf(await drainAll(again))).toEqual([2]);
  });
});
