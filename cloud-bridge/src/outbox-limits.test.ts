import type { MessageClass } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Draft, type OutboxLimits } from "./outbox.ts";
import { draftOf, drainAll, keep, openQueue, valuesOf } from "./testing/queue-bench.ts";

const limited = (limits: Partial<OutboxLimits>) => ({ limits: { ...DEFAULT_LIMITS, ...limits } });
const many = (count: number, more: Partial<Draft> = {}): readonly Draft[] =>
  Array.from({ length: count }, (_, index) => draftOf("a", index, more));

describe("the quota of a class", () => {
  it("leaves alarms and replies a reserve that telemetry cannot take", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, limited({ rows: 100 }));
    await keep(store, outbox, ...many(200));
    expect(outbox.counts()).toMatchObject({ queued: 90, drops: { telemetry: { quota: 110 } } });
    await keep(store, outbox, ...many(10, { class: "alarm" }));
    expect(outbox.counts()).toMatchObject({ queued: 100, dropped: 110 });
    // Beyond the reserve, telemetry goes first.
    await keep(store, outbox, ...many(5, { class: "reply" }));
    expect(outbox.counts()).toMatchObject({
      queued: 100,
      queuedByClass: { alarm: 10, reply: 5, telemetry: 85 },
      drops: { telemetry: { quota: 115 } },
    });
  });

  it("is what the configuration says, in rows and in bytes, and touches no other class", async () => {
    const store = new MemoryStore();
    const classes = { telemetry: { rows: 3 }, alarm: { bytes: 400 } };
    const { outbox } = await openQueue(store, limited({ classes }));
    await keep(store, outbox, ...many(10), ...many(10, { class: "alarm" }), ...many(10, { class: "reply" }));
    const { queuedByClass, drops } = outbox.counts();
    expect(queuedByClass).toMatchObject({ telemetry: 3, reply: 10 });
    expect(queuedByClass.alarm).toBeGreaterThan(3);
    expect(queuedByClass.alarm).toBeLessThan(7);
    expect(drops).toEqual({ telemetry: { quota: 7 }, alarm: { quota: 10 - queuedByClass.alarm } });
  });

  it("counts each drop once and for ever, by class and reason, with what is in the store agreeing", async () => {
    const classes = fc.constantFrom<MessageClass>("alarm", "reply", "state", "telemetry");
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            class: classes,
            group: fc.constantFrom("a", "b"),
            name: fc.constantFrom("n/x", "n/y"),
          }),
          {
            maxLength: 60,
          },
        ),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 8 }),
        async (drafts, rows, telemetry) => {
          const store = new MemoryStore();
          const options = limited({ rows, classes: { telemetry: { rows: telemetry } } });
          const { outbox } = await openQueue(store, options);
          let compacted = 0;
          for (const [index, each] of drafts.entries()) {
            const before = outbox.counts();
            await keep(store, outbox, draftOf(each.group, index, each));
            const after = outbox.counts();
            compacted += before.queued + 1 - (after.queued + after.dropped - before.dropped);
          }
          await outbox.flush();
          const counts = outbox.counts();
          expect(counts.queued).toBeLessThanOrEqual(rows);
          expect(counts.queuedByClass.telemetry).toBeLessThanOrEqual(telemetry);
          expect(counts.queued + counts.dropped + compacted).toBe(drafts.length);
          if (!drafts.some((each) => each.class === "state")) expect(compacted).toBe(0);
          expect(await store.extent("outbox-up")).toMatchObject({ count: counts.queued });
          const again = await openQueue(store, options);
          expect(again.outbox.counts()).toMatchObject({ dropped: counts.dropped, drops: counts.drops });
          // An alarm is only dropped when there is nothing less important.
          if (counts.drops.alarm !== undefined) {
            expect(counts.queuedByClass).toMatchObject({ reply: 0, state: 0, telemetry: 0 });
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("takes over what an earlier version counted", async () => {
    const store = new MemoryStore();
    await store.commit([{ op: "put", table: "outbox", key: "up", value: { dropped: 7 } }], "crash");
    const { outbox } = await openQueue(store);
    expect(outbox.counts()).toMatchObject({ dropped: 7, drops: { telemetry: { quota: 7 } } });
  });

  it("writes the numbers along with the removals, and not for each drop", async () => {
    const store = new MemoryStore();
    const { outbox } = await openQueue(store, limited({ rows: 10, classes: { telemetry: { rows: 10 } } }));
    await keep(store, outbox, ...many(1_000));
    await outbox.flush();
    const puts = store.commits.flatMap(({ operations }) => operations.filter(({ op }) => op === "put"));
    expect(puts.length).toBeLessThanOrEqual(2);
    expect(outbox.counts().dropped).toBe(990);
  });
});

describe("the time that a class may wait", () => {
  const HOUR = 3_600_000;
  const options = { ...limited({ classes: { telemetry: { ttlMs: HOUR } } }) };

  it("ends with a drop that is counted, also when nothing is sent", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock()];
    const { outbox } = await openQueue(store, { ...options, clock });
    await keep(store, outbox, draftOf("a", 1, { time: clock.now() }), draftOf("a", 2, { class: "alarm" }));
    await clock.advance(HOUR / 2);
    await keep(store, outbox, draftOf("a", 3, { time: clock.now() }));
    await outbox.tend();
    expect(outbox.counts().queued).toBe(3);
    await clock.advance(HOUR / 2 + 1);
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 2, drops: { telemetry: { expired: 1 } } });
    await outbox.flush();
    expect(await store.extent("outbox-up")).toMatchObject({ count: 2 });
    expect(valuesOf(await drainAll(outbox))).toEqual([2, 3]);
  });

  it("holds for what is about to leave, however much it is", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock()];
    const { outbox } = await openQueue(store, { ...options, clock });
    await keep(store, outbox, ...many(2_500));
    await clock.advance(HOUR + 1);
    await keep(store, outbox, draftOf("a", "fresh"));
    expect(valuesOf(await outbox.take(10))).toEqual(["fresh"]);
    expect(outbox.counts().drops).toEqual({ telemetry: { expired: 2_500 } });
  });

  it("does not end what is in flight", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock()];
    const { outbox } = await openQueue(store, { ...options, clock });
    await keep(store, outbox, draftOf("a", 1));
    await outbox.take(1);
    await clock.advance(2 * HOUR);
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 1, dropped: 0 });
  });

  it("counts from when it was queued: a source may claim any time", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock()];
    const { outbox } = await openQueue(store, { ...options, clock });
    await keep(
      store,
      outbox,
      draftOf("a", 1, { time: 5 }),
      draftOf("b", 2, { time: clock.now() + 50 * HOUR }),
    );
    const { outbox: again } = await openQueue(store, { ...options, clock });
    await again.tend();
    expect(again.counts().queued).toBe(2);
    await clock.advance(HOUR + 1);
    await again.tend();
    expect(again.counts()).toMatchObject({ queued: 0, drops: { telemetry: { expired: 2 } } });
  });

  it("begins once the clock is right for what came before that", async () => {
    const store = new MemoryStore();
    const clock = new VirtualClock({ wall: 1_000, trust: "untrusted" });
    const { outbox } = await openQueue(store, { ...options, clock });
    await keep(store, outbox, draftOf("a", 1, { time: 1_000 }));
    clock.step(1_767_600_000_000, "synced");
    await outbox.tend();
    expect(outbox.counts().queued).toBe(1);
    const { outbox: again } = await openQueue(store, { ...options, clock });
    await again.tend();
    expect(again.counts().queued).toBe(1);
    await clock.advance(HOUR + 1);
    await again.tend();
    expect(again.counts()).toMatchObject({ queued: 0, drops: { telemetry: { expired: 1 } } });
  });
});
