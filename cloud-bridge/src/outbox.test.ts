import { type MessageClass, StoreError, Unit } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_LIMITS,
  type Draft,
  type Flight,
  type Outbox,
  type OutboxLimits,
  openOutbox,
} from "./outbox.ts";
import { GatedStore } from "./testing/gated-store.ts";
import { QuietLog } from "./testing/quiet-log.ts";

const ACKNOWLEDGED = { outcome: "acknowledged" } as const;
const RETRY = { outcome: "retry", reason: "not now" } as const;

function draft(group: string, value: number, messageClass: MessageClass = "telemetry"): Draft {
  return { class: messageClass, group, thing: group, name: "a/b", time: value, value, quality: "good" };
}

let openings = 0;

async function open(
  store: ConstructorParameters<typeof GatedStore>[0],
  more: Partial<Parameters<typeof openOutbox>[1]> = {},
) {
  const log = new QuietLog();
  const outbox = await openOutbox(store, {
    bridge: "up",
    idPrefix: `gw-${++openings}`,
    limits: DEFAULT_LIMITS,
    window: 1,
    clock: new VirtualClock(),
    log,
    ...more,
  });
  return { outbox, log };
}

async function keep(
  store: MemoryStore | GatedStore,
  outbox: Outbox,
  ...drafts: readonly Draft[]
): Promise<void> {
  const unit = new Unit(store, (error) => {
    throw error;
  });
  for (const one of drafts) outbox.enqueue(one, unit);
  await unit.commit();
}

const valuesOf = (flights: readonly Flight[]): readonly unknown[] =>
  flights.map(({ message }) => message.value);

describe("the outbox", () => {
  it("keeps a message in the unit of its event, and lets it leave only after that was kept", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    const unit = new Unit(store, () => undefined);
    unit.put("shadow", "pump", 1);
    outbox.enqueue(draft("pump", 1), unit);
    expect(await outbox.take(10)).toEqual([]);
    await unit.commit();
    expect(store.commits).toHaveLength(1);
    expect(store.commits[0]?.operations.map(({ op }) => op)).toEqual(["put", "append"]);
    expect(valuesOf(await outbox.take(10))).toEqual([1]);
  });

  it.each([
    ["alarm", "power"],
    ["reply", "power"],
    ["state", "crash"],
    ["telemetry", "crash"],
  ] as const)("keeps %s at the strength %s", async (messageClass, durability) => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    await keep(store, outbox, draft("pump", 1, messageClass));
    expect(store.commits[0]?.durability).toBe(durability);
  });

  it("counts what the store did not keep as dropped", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    store.failWith(new StoreError("full", "no space left"));
    await expect(keep(store, outbox, draft("pump", 1))).rejects.toThrow(StoreError);
    expect(outbox.counts()).toMatchObject({ queued: 0, dropped: 1 });
    expect(await outbox.take(10)).toEqual([]);
    store.failWith(undefined);
    await outbox.flush();
    const again = await open(store);
    expect(again.outbox.counts().dropped).toBe(1);
  });

  it("removes only after the acknowledgement", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    await keep(store, outbox, draft("pump", 1));
    const [flight] = await outbox.take(10);
    await outbox.flush();
    expect(await store.extent("outbox-up")).toMatchObject({ count: 1 });
    outbox.settle(flight as Flight, ACKNOWLEDGED);
    await outbox.flush();
    expect(await store.extent("outbox-up")).toMatchObject({ count: 0 });
    expect(store.commits.at(-1)?.durability).toBe("crash");
    expect(outbox.counts().queued).toBe(0);
  });

  it("makes one commit of the acknowledgements of one turn", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store, { window: 10 });
    await keep(store, outbox, ...[1, 2, 3, 4].map((value) => draft("pump", value)));
    for (const flight of await outbox.take(10)) outbox.settle(flight, ACKNOWLEDGED);
    await outbox.flush();
    expect(store.commits).toHaveLength(2);
  });

  it("lets alarms pass everything, and keeps the order within Thing and class", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store, { window: 10 });
    await keep(
      store,
      outbox,
      draft("a", 1),
      draft("b", 2),
      draft("a", 3, "state"),
      draft("a", 4),
      draft("b", 5, "alarm"),
    );
    expect(valuesOf(await outbox.take(10))).toEqual([5, 3, 1, 2, 4]);
  });

  it("keeps back the later ones of a Thing while an earlier one must be sent again", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    await keep(store, outbox, draft("a", 1), draft("a", 2), draft("b", 3));
    const first = await outbox.take(10);
    expect(valuesOf(first)).toEqual([1, 3]);
    outbox.settle(first[0] as Flight, RETRY);
    outbox.settle(first[1] as Flight, ACKNOWLEDGED);
    expect(await outbox.take(10)).toEqual([]);
    outbox.resume();
    const again = await outbox.take(10);
    expect(valuesOf(again)).toEqual([1]);
    expect(again[0]?.message.id).toBe(first[0]?.message.id);
    outbox.settle(again[0] as Flight, ACKNOWLEDGED);
    expect(valuesOf(await outbox.take(10))).toEqual([2]);
  });

  it("puts a broken row of flights back in its order", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store, { window: 10 });
    await keep(store, outbox, ...[1, 2, 3, 4, 5].map((value) => draft("a", value)));
    const flights = await outbox.take(4);
    for (const index of [3, 1, 2]) outbox.settle(flights[index] as Flight, RETRY);
    outbox.resume();
    expect(await outbox.take(10)).toEqual([]);
    outbox.settle(flights[0] as Flight, ACKNOWLEDGED);
    expect(valuesOf(await outbox.take(10))).toEqual([2, 3, 4, 5]);
  });

  it("waits for a unit that is kept later than its successor", async () => {
    const store = new GatedStore(new MemoryStore());
    const { outbox } = await open(store);
    store.holding = true;
    const first = keep(store, outbox, draft("a", 1));
    const second = keep(store, outbox, draft("a", 2));
    await store.release(1, true);
    await second;
    expect(await outbox.take(10)).toEqual([]);
    await store.release(0, true);
    await first;
    expect(valuesOf(await outbox.take(10))).toEqual([1]);
  });

  it("parks what will never be taken, in one commit, with the reason", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    await keep(store, outbox, draft("a", 1), draft("a", 2));
    const [flight] = await outbox.take(10);
    outbox.settle(flight as Flight, { outcome: "rejected", reason: "too large" });
    await outbox.flush();
    expect(store.commits.at(-1)?.operations.map(({ op }) => op)).toEqual(["remove", "append"]);
    expect(outbox.counts()).toMatchObject({ queued: 1, parked: 1 });
    expect(valuesOf(await outbox.take(10))).toEqual([2]);
    const { outbox: again } = await open(store);
    expect(again.counts()).toMatchObject({ queued: 1, parked: 1 });
    const [row] = await store.rows("parked-up", { after: 0, limit: 10 });
    expect(row?.value).toMatchObject({ reason: "too large", row: { i: flight?.message.id, v: 1 } });
  });

  it("keeps so many parked rows and no more", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store, { limits: { ...DEFAULT_LIMITS, parked: 2 } });
    await keep(store, outbox, draft("a", 1), draft("b", 2), draft("c", 3));
    for (const flight of await outbox.take(10)) outbox.settle(flight, { outcome: "rejected", reason: "no" });
    await outbox.flush();
    expect(outbox.counts()).toMatchObject({ parked: 2, dropped: 1 });
    expect(await store.extent("parked-up")).toMatchObject({ count: 2 });
  });

  it("parks a stored row that nobody can read, instead of losing it or stumbling over it", async () => {
    const store = new MemoryStore();
    await store.commit(
      [
        { op: "append", log: "outbox-up", seq: 1, value: { from: "another age" } },
        {
          op: "append",
          log: "outbox-up",
          seq: 2,
          value: { i: "x", c: "state", g: "a", n: "p/q", t: 1e300, v: 1 },
        },
      ],
      "crash",
    );
    const { outbox } = await open(store);
    await outbox.flush();
    expect(outbox.counts()).toMatchObject({ queued: 0, parked: 2 });
    expect(await store.extent("outbox-up")).toMatchObject({ count: 0 });
  });

  it("tells the numbers", async () => {
    const store = new MemoryStore();
    const clock = new VirtualClock();
    const { outbox } = await open(store, { clock });
    expect(outbox.counts().oldest).toBeUndefined();
    const first = clock.now();
    await keep(store, outbox, draft("a", 40));
    await clock.advance(1_000);
    await keep(store, outbox, draft("b", 30, "alarm"), draft("a", 50));
    expect(outbox.counts()).toEqual({
      queued: 3,
      queuedByClass: { alarm: 1, reply: 0, state: 0, telemetry: 2 },
      oldest: first,
      dropped: 0,
      drops: {},
      parked: 0,
    });
  });
});

describe("the quota", () => {
  const limited = (limits: Partial<OutboxLimits>) => ({ limits: { ...DEFAULT_LIMITS, ...limits } });

  it("drops the oldest telemetry first, and remembers how many, ever", async () => {
    const store = new MemoryStore();
    const { outbox, log } = await open(store, limited({ rows: 3 }));
    await keep(
      store,
      outbox,
      draft("a", 1, "alarm"),
      draft("a", 2),
      draft("b", 3),
      draft("b", 4, "state"),
      draft("c", 5),
    );
    await outbox.flush();
    expect(outbox.counts()).toMatchObject({ queued: 3, dropped: 2 });
    expect(log.texts).toEqual(["warn the queue is full: the oldest messages are dropped"]);
    const { outbox: again } = await open(store, limited({ rows: 3 }));
    expect(again.counts()).toMatchObject({ queued: 3, dropped: 2 });
    expect(valuesOf(await again.take(10))).toEqual([1, 4, 5]);
  });

  it("counts bytes too", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store, limited({ bytes: 1_000 }));
    await keep(store, outbox, ...Array.from({ length: 50 }, (_, index) => draft("a", 1_000 + index)));
    const { queued, dropped } = outbox.counts();
    expect(queued + dropped).toBe(50);
    await outbox.flush();
    const rows = await store.rows("outbox-up", { after: 0, limit: 100 });
    const bytes = rows.reduce((sum, { value }) => sum + JSON.stringify(value).length, 0);
    expect(bytes).toBeLessThanOrEqual(1_000);
    expect(bytes).toBeGreaterThan(750);
    expect(rows).toHaveLength(queued);
  });

  it("never drops what is in flight", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store, limited({ rows: 2 }));
    await keep(store, outbox, draft("a", 1), draft("b", 2));
    const flights = await outbox.take(10);
    await keep(store, outbox, draft("a", 3), draft("b", 4));
    expect(outbox.counts()).toMatchObject({ queued: 2, dropped: 2 });
    for (const flight of flights) outbox.settle(flight, RETRY);
    outbox.resume();
    expect(valuesOf(await outbox.take(10))).toEqual([1, 2]);
  });

  it("applies a quota that was lowered to what is already there", async () => {
    const store = new MemoryStore();
    const { outbox } = await open(store);
    await keep(store, outbox, ...Array.from({ length: 20 }, (_, index) => draft("a", index)));
    const { outbox: again } = await open(store, limited({ rows: 5 }));
    expect(again.counts()).toMatchObject({ queued: 5, dropped: 15 });
    expect(valuesOf(await again.take(1))).toEqual([15]);
  });
});

describe("a store that fails", () => {
  it("costs at most a duplicate: removals are kept when it is well again, and told once", async () => {
    const store = new MemoryStore();
    const { outbox, log } = await open(store, { window: 10 });
    await keep(store, outbox, draft("a", 1), draft("a", 2), draft("a", 3));
    store.failWith(new StoreError("read-only", "read-only file system"));
    for (const flight of await outbox.take(2)) {
      outbox.settle(flight, ACKNOWLEDGED);
      await expect(outbox.flush()).rejects.toThrow(StoreError);
    }
    store.failWith(undefined);
    const [last] = await outbox.take(2);
    outbox.settle(last as Flight, ACKNOWLEDGED);
    await outbox.flush();
    expect(await store.extent("outbox-up")).toMatchObject({ count: 0 });
    expect(log.texts).toEqual([
      "warn the queue's removals are not kept: messages may be delivered twice",
      "info the queue's removals are kept again",
    ]);
  });

  it("that cannot be read leaves the queue as it was", async () => {
    const memory = new MemoryStore();
    const { outbox: writer } = await open(memory);
    await keep(memory, writer, draft("a", 1), draft("b", 2));
    const store = new GatedStore(memory);
    const { outbox } = await open(store);
    store.rows = () => Promise.reject(new StoreError("io", "bad block"));
    await expect(outbox.take(10)).rejects.toThrow("bad block");
    store.rows = (log, options) => memory.rows(log, options);
    expect(valuesOf(await outbox.take(10))).toEqual([1, 2]);
  });

  it("that lost a row is told about, and the others go on", async () => {
    const store = new MemoryStore();
    const { outbox: writer } = await open(store);
    await keep(store, writer, draft("a", 1), draft("a", 2));
    const { outbox, log } = await open(store);
    await store.commit([{ op: "remove", log: "outbox-up", seq: 1 }], "crash");
    expect(await outbox.take(1)).toEqual([]);
    expect(valuesOf(await outbox.take(1))).toEqual([2]);
    expect(log.texts).toEqual(["error a queued message is gone from the store"]);
    expect(outbox.counts()).toMatchObject({ queued: 1, dropped: 1 });
  });
});
