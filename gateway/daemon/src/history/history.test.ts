import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { foldRun } from "./buckets.ts";
import { RecordingHouse } from "./fixtures/recording-house.ts";
import { valueAt } from "./run.ts";
import { DAY, MINUTE, QUARTER } from "./tiers.ts";

const T = "kitchen";
const P = "air/temperature";
const HOUR_MS = 3_600_000;

describe("a history", () => {
  test("gives back what was reported, from memory, from windows and from tiers", async () => {
    using place = temporaryFolder();
    await using house = await RecordingHouse.open({ file: join(place.folder, "history.db") });
    const { history } = house;
    const values: number[] = [];
    for (let index = 0; index < 30; index++) {
      values.push(20 + index / 10);
      house.report(T, P, 20 + index / 10);
      house.report(T, "mode/mode", index % 2 === 0 ? "heat" : "cool");
      await house.clock.advance(10_000);
      if (index === 10) await history.flush();
      if (index === 20) await history.fold();
    }
    const run = await house.raw(T, P);
    expect(run.values).toEqual(values);
    const mode = await house.raw(T, "mode/mode");
    expect(mode.times.map((_, index) => valueAt(mode, index)).slice(0, 3)).toEqual(["heat", "cool", "heat"]);
    const minutes = await house.buckets(T, P, MINUTE);
    expect(minutes.list).toHaveLength(5);
    expect(minutes.list[0]).toMatchObject({ count: 6, min: 20, max: 20.5, last: 20.5 });
    expect((await house.buckets(T, P, DAY)).list).toMatchObject([{ count: 30, min: 20, max: 22.9 }]);
    expect(history.health).toMatchObject({ kept: true, windowMs: 60_000, properties: 2 });
  });

  test("a window ends by itself, and a fold comes by itself", async () => {
    using place = temporaryFolder();
    await using house = await RecordingHouse.open({ file: join(place.folder, "history.db") });
    for (let minute = 0; minute < 300; minute++) {
      house.report(T, P, minute);
      await house.clock.advance(60_000);
      await house.history.flush();
    }
    expect(house.history.health.waiting).toBe(0);
    using cut = house.history.cut(T, P);
    expect(cut.state.bytes.every((bytes) => bytes > 0)).toBe(true);
    expect((await house.raw(T, P)).values).toHaveLength(300);
  });

  test("gaps are seen: bad values, devices that left, and the time the gateway was off", async () => {
    using place = temporaryFolder();
    const file = join(place.folder, "history.db");
    const clock = new VirtualClock();
    const first = await RecordingHouse.open({ file }, { clock });
    first.report(T, P, 1);
    await clock.advance(1_000);
    first.report(T, P, 1, { quality: "bad" });
    first.report(T, P, 1, { quality: "bad" });
    await clock.advance(1_000);
    first.report(T, P, 2);
    await clock.advance(1_000);
    first.quality(T, P, 2, "stale");
    await clock.advance(1_000);
    first.quality(T, P, 2, "good");
    await first[Symbol.asyncDispose]();
    const off = clock.now();
    await clock.advance(HOUR_MS);
    await using second = await RecordingHouse.open({ file }, { clock });
    second.report(T, P, 3);
    await second.history.flush();
    const run = await second.raw(T, P);
    expect(run.values).toEqual([1, Number.NaN, 2, Number.NaN, 2, 3]);
    expect(run.gaps).toEqual([0, 1]);
    using cut = second.history.cut(T, P);
    expect(cut.outages({ from: 0, to: clock.now() + 1 }, 10)).toEqual([
      { began: off, ended: off + HOUR_MS, reason: "off", lostMs: 0 },
    ]);
  });

  test("what a clock stamped that nobody had set gets the right time, if that comes in time", async () => {
    using place = temporaryFolder();
    const clock = new VirtualClock({ wall: Date.UTC(2000, 0, 1), trust: "untrusted" });
    await using house = await RecordingHouse.open({ file: join(place.folder, "history.db") }, { clock });
    const right = Date.UTC(2026, 5, 1);
    house.report(T, P, 1);
    house.report(T, "own/clock", 5, { time: right - 7_000 });
    await clock.advance(120_000);
    house.report(T, P, 2);
    expect((await house.raw(T, P)).times).toEqual([clock.now() - 120_000, clock.now()]);
    clock.step(right - clock.now(), "synced");
    house.report(T, P, 3);
    await house.history.flush();
    expect((await house.raw(T, P)).times).toEqual([right - 120_000, right, right]);
    expect((await house.raw(T, "own/clock")).times).toEqual([right - 7_000]);
  });

  test("over the budget windows are longer, over the cap only the tiers are kept, and policies decide", async () => {
    using place = temporaryFolder();
    const policyFor = (await import("./policy.ts")).policies([
      {
        things: ["alarm*"],
        properties: ["*"],
        record: true,
        always: true,
        rawDays: undefined,
        days: undefined,
      },
      {
        things: ["*"],
        properties: ["debug/*"],
        record: false,
        always: false,
        rawDays: undefined,
        days: undefined,
      },
    ]);
    await using house = await RecordingHouse.open({ file: join(place.folder, "history.db") }, { policyFor });
    house.meter.verdict = "batch-longer";
    house.report(T, P, 1);
    await house.clock.advance(2 * 60_000);
    expect(house.history.health).toMatchObject({ waiting: 1, windowMs: 180_000 });
    house.meter.verdict = "thin";
    for (const value of [5, 3, 4]) {
      house.report(T, P, value);
      house.report("alarm-1", P, value);
      house.report(T, "debug/x", value);
    }
    await house.history.flush();
    await house.history.fold();
    expect((await house.raw(T, P)).values).toEqual([Number.NaN]);
    expect((await house.raw("alarm-1", P)).values).toEqual([5, 3, 4]);
    expect(house.history.propertiesOf(T)).not.toContain("debug/x");
    const { list } = await house.buckets(T, P, MINUTE);
    expect(list.map(({ count, gap, max, min }) => [count, min, max, gap])).toEqual([
      [1, 1, 1, false],
      [3, 3, 5, false],
    ]);
  });
});

type Step =
  | { readonly do: "report"; readonly property: number; readonly value: number; readonly age: number }
  | { readonly do: "flush" | "fold" | "kill" | "restart" }
  | { readonly do: "wait"; readonly ms: number }
  /** In the middle of a fold, after so many turns of the event loop. */
  | { readonly do: "kill in a fold"; readonly turns: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("report" as const),
      property: fc.nat(40),
      value: fc.integer({ min: -50, max: 50 }),
      // Some come late: a device that was out of reach hands in what it has kept.
      age: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(3 * 86_400_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("kill in a fold" as const), turns: fc.nat(4) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("flush", "flush", "flush", "fold", "kill", "restart") }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 7 * HOUR_MS }) }),
  },
);

interface Reported {
  readonly property: string;
  readonly time: number;
  readonly value: number;
}

/** The history holds exactly this, in all its tiers. */
async function compare(house: RecordingHouse, all: readonly Reported[]): Promise<void> {
  for (const property of new Set(all.map((each) => each.property))) {
    const expected = all.filter((each) => each.property === property).sort((a, b) => a.time - b.time);
    const run = await house.raw(T, property);
    expect(run.times).toEqual(expected.map(({ time }) => time));
    expect([...run.values].sort()).toEqual(expected.map(({ value }) => value).sort());
    for (const tier of [MINUTE, QUARTER, DAY]) {
      const { list } = await house.buckets(T, property, tier);
      const numbers = (buckets: typeof list) => buckets.map(({ lastAt: _a, last: _l, ...rest }) => rest);
      expect(numbers(list)).toEqual(numbers(foldRun(run, tier.widthMs).list));
    }
  }
}

test("whatever comes, and whenever it is killed: nothing written is lost, and no tier counts anything twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      using place = temporaryFolder();
      let folder = join(place.folder, "0");
      mkdirSync(folder);
      const clock = new VirtualClock();
      // Nothing happens by itself: what is written is known.
      const open = () =>
        RecordingHouse.open({ file: join(folder, "history.db"), windowMs: 1e12, turnMs: 0 }, { clock });
      let house = await open();
      let written: Reported[] = [];
      let waiting: Reported[] = [];
      for (const [index, each] of steps.entries()) {
        if (each.do === "report") {
          const [property, time] = [`p/${each.property}`, clock.now() - each.age];
          house.report(T, property, each.value, { time });
          waiting.push({ property, time, value: each.value });
        } else if (each.do === "wait") await clock.advance(each.ms);
        else if (each.do === "fold") await house.history.fold();
        else if (each.do === "flush") {
          await house.history.flush();
          written = [...written, ...waiting];
          waiting = [];
        } else {
          const next = join(place.folder, String(index + 1));
          mkdirSync(next);
          let folding: Promise<void> | undefined;
          if (each.do === "restart") {
            await house[Symbol.asyncDispose]();
            written = [...written, ...waiting];
          } else if (each.do === "kill in a fold") {
            folding = house.history.fold();
            for (let turn = 0; turn < each.turns; turn++)
              await new Promise((resolve) => setImmediate(resolve));
            await compare(house, [...written, ...waiting]);
          }
          for (const name of readdirSync(folder)) {
            if (!name.endsWith("-shm")) copyFileSync(join(folder, name), join(next, name));
          }
          await folding;
          if (each.do !== "restart") await house[Symbol.asyncDispose]();
          waiting = [];
          folder = next;
          house = await open();
        }
      }
      await compare(house, [...written, ...waiting]);
      expect(house.history.problems).toEqual([]);
      await house[Symbol.asyncDispose]();
    }),
    { numRuns: 60 },
  );
}, 120_000);
