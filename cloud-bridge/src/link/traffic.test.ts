import { type Operation, StoreError, type WanState } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { QuietLog } from "../testing/quiet-log.ts";
import { Traffic } from "./traffic.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A line whose cost is set by the test. */
function wanOf(state: WanState["state"] = "unknown"): { state: WanState["state"] } & WanState {
  return { state, onChange: () => ({ [Symbol.dispose]: () => undefined }) };
}

interface Options {
  readonly store?: MemoryStore;
  readonly clock?: VirtualClock;
  readonly budgetBytes?: number;
  readonly wan?: WanState;
}

async function open({
  budgetBytes,
  clock = new VirtualClock(),
  store = new MemoryStore(),
  wan = wanOf(),
}: Options = {}) {
  const log = new QuietLog();
  const levels: string[] = [];
  const traffic = await Traffic.open(store, {
    bridge: "up",
    timezone: "Asia/Ho_Chi_Minh",
    clock,
    wan,
    ...(budgetBytes === undefined ? {} : { budgetBytes }),
    log,
    onChange: () => levels.push(traffic.level),
  });
  return { traffic, clock, store, log, levels };
}

describe("the bytes of a bridge", () => {
  it("are counted by day and month of the gateway's time zone", async () => {
    // In Saigon it is the evening of 31 January.
    const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 31, 16) });
    const { traffic } = await open({ clock });
    traffic.add(1_000);
    expect(traffic.counts()).toEqual({ today: 1_000, month: 1_000, undated: 0 });
    await clock.advance(2 * HOUR);
    expect(traffic.counts()).toEqual({ today: 0, month: 0, undated: 0 });
    traffic.add(5);
    expect(traffic.counts()).toMatchObject({ today: 5, month: 5 });
  });

  it("survive a restart, and a stop that wrote nothing costs a minute at most", async () => {
    const first = await open({ budgetBytes: 1_000_000 });
    first.traffic.add(100);
    await first.clock.advance(60_000);
    first.traffic.add(20);
    const { store, clock } = first;
    expect((await open({ store, clock })).traffic.counts()).toMatchObject({ today: 100, month: 100 });
    await first.traffic[Symbol.asyncDispose]();
    expect((await open({ store, clock })).traffic.counts()).toMatchObject({ today: 120, month: 120 });
    expect(clock.pending).toBe(0);
  });

  it("are written once a minute where a budget depends on them, else four times an hour, and not without news", async () => {
    for (const [budgetBytes, most] of [
      [1e9, 60],
      [undefined, 4],
    ] as const) {
      const store = new MemoryStore();
      const commits: (readonly Operation[])[] = [];
      const commit = store.commit.bind(store);
      store.commit = (operations, durability) => {
        expect(durability).toBe("crash");
        commits.push(operations);
        return commit(operations, durability);
      };
      const { clock, traffic } = await open({ store, ...(budgetBytes === undefined ? {} : { budgetBytes }) });
      for (let second = 0; second < 3_600; second++) {
        traffic.add(100);
        await clock.advance(1_000);
      }
      expect(commits.length).toBeGreaterThanOrEqual(most - 1);
      expect(commits.length).toBeLessThanOrEqual(most);
      await clock.advance(DAY);
      expect(commits.length).toBeLessThanOrEqual(most + 1);
    }
  });

  it("without a date are kept apart over a restart, held against the latest month, and moved when the clock is set", async () => {
    const store = new MemoryStore();
    const january = await open({ store, budgetBytes: 1_000 });
    january.traffic.add(700);
    await january.traffic[Symbol.asyncDispose]();
    // The router starts in 1970.
    const clock = new VirtualClock({ wall: 1_000, trust: "untrusted" });
    const first = await open({ store, clock, budgetBytes: 1_000 });
    first.traffic.add(150);
    expect(first.traffic.counts()).toMatchObject({
      today: 0,
      month: 700,
      undated: 150,
      budget: { used: 850, level: "near" },
    });
    expect(first.traffic.counts().forecast).toBeUndefined();
    await first.traffic[Symbol.asyncDispose]();
    const again = await open({ store, clock, budgetBytes: 1_000 });
    again.traffic.add(200);
    expect(again.traffic.level).toBe("spent");
    clock.step(Date.UTC(2026, 1, 3) - clock.now(), "synced");
    expect(again.traffic.counts()).toMatchObject({
      today: 350,
      month: 350,
      undated: 0,
      budget: { used: 350, level: "ok" },
    });
    expect(again.levels).toEqual(["spent", "ok"]);
  });

  it("foretell the month from a whole day on, and no sooner", async () => {
    const { clock, traffic } = await open();
    const start = clock.now();
    while (clock.now() - start < DAY) {
      traffic.add(1_000);
      await clock.advance(HOUR);
    }
    const { forecast = 0 } = traffic.counts();
    // January ends in Saigon 25 days and 11 hours after the start, with 24 kB a day.
    const days = (Date.UTC(2026, 0, 31, 17) - start) / DAY;
    expect(forecast / (24_000 * days)).toBeCloseTo(1, 1);
    const { clock: fresh, traffic: young } = await open();
    young.add(1_000_000);
    await fresh.advance(DAY - 1);
    expect(young.counts().forecast).toBeUndefined();
  });
});

describe("the budget of a month", () => {
  it("is told at 80 % and at 100 %, once each, and begins anew with the month without anything being sent", async () => {
    const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 30) });
    const { levels, log, traffic } = await open({ clock, budgetBytes: 1_000 });
    for (let count = 0; count < 12; count++) traffic.add(100);
    expect(levels).toEqual(["near", "spent"]);
    expect(traffic.counts().budget).toEqual({ limit: 1_000, used: 1_200, level: "spent" });
    await clock.advance(2 * DAY);
    expect(levels).toEqual(["near", "spent", "ok"]);
    expect(log.texts).toEqual([
      "warn 80 % of the month's bytes are used",
      "warn the month's bytes are used up: telemetry waits",
      "info there are bytes again: telemetry goes on",
    ]);
    await traffic[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it("is not used by a line that costs nothing", async () => {
    const wan = wanOf("unmetered");
    const { traffic } = await open({ wan, budgetBytes: 1_000 });
    traffic.add(5_000);
    wan.state = "metered";
    traffic.add(300);
    expect(traffic.counts()).toMatchObject({ month: 5_300, budget: { used: 300, level: "ok" } });
  });
});

it("a store that keeps nothing is told of once, and the counts go on", async () => {
  const store = new MemoryStore();
  store.commit = () => Promise.reject(new StoreError("full", "no space"));
  const { clock, log, traffic } = await open({ store, budgetBytes: 1e6 });
  for (let minute = 0; minute < 5; minute++) {
    traffic.add(10);
    await clock.advance(60_000);
  }
  expect(traffic.counts().month).toBe(50);
  expect(log.texts).toEqual(["warn the bridge's bytes are not kept"]);
});

it("what stands in the store and makes no sense counts as nothing", async () => {
  for (const value of [
    null,
    7,
    { months: { "2026-01": { all: -5, paid: "x" } }, day: [], since: { at: 1e300 } },
  ]) {
    const store = new MemoryStore();
    await store.commit([{ op: "put", table: "outbox-usage", key: "up", value }], "crash");
    expect((await open({ store })).traffic.counts()).toEqual({ today: 0, month: 0, undated: 0 });
  }
});
