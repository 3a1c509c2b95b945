import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DailyWrites, totalOf, WRITE_DAYS } from "./daily-writes.ts";
import { flashLifeYears } from "./flash-life.ts";
import { kernelWrites } from "./kernel-writes.ts";
import { WRITE_FEATURES } from "./write-meter.ts";

const HOUR_MS = 3_600_000;
const LIMITS = { budgetBytes: 1_000, capBytes: 3_000 };

test("over the budget one batches longer, over the cap less is written, and a day later all is well", async () => {
  const clock = new VirtualClock();
  const meter = new DailyWrites({ clock }, { budgetBytes: 24_000, capBytes: 30_000 });
  const history = meter.feature("history");
  history.wrote(1_000);
  expect(history.verdict).toBe("ok");
  // At this pace the day would be over the budget.
  meter.feature("state").wrote(1);
  expect(history.verdict).toBe("batch-longer");
  await clock.advance(20 * HOUR_MS);
  expect(history.verdict).toBe("ok");
  history.wrote(29_000);
  expect(history.verdict).toBe("thin");
  expect(meter.lastDay).toEqual({ history: 30_000, state: 1 });
  await clock.advance(5 * HOUR_MS);
  expect(history.verdict).toBe("batch-longer");
  expect(meter.lastDay).toEqual({ history: 29_000 });
  await clock.advance(20 * HOUR_MS);
  expect(history.verdict).toBe("ok");
  expect(meter.sinceStart).toEqual({ history: 30_000, state: 1 });
});

test("counters survive a restart, and what cannot be read of them does no harm", async () => {
  const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 5, 23, 30) });
  const before = new DailyWrites({ clock }, LIMITS);
  before.feature("history").wrote(700);
  await clock.advance(HOUR_MS);
  before.feature("rules").wrote(5);
  const after = new DailyWrites({ clock }, LIMITS);
  after.feature("rules").wrote(6);
  after.restore(JSON.parse(JSON.stringify(before.save())));
  expect(after.lastDay).toEqual({ history: 700, rules: 11 });
  expect(after.days).toEqual([
    { day: "2026-01-05", bytes: { history: 700 } },
    { day: "2026-01-06", bytes: { rules: 11 } },
  ]);
  for (const broken of [
    null,
    7,
    {},
    { hours: 3, days: [1, [2], ["x", {}], [4, { history: -1, state: "x" }]] },
  ]) {
    const meter = new DailyWrites({ clock }, LIMITS);
    meter.restore(broken);
    expect(totalOf(meter.lastDay)).toBe(0);
  }
});

test("whatever the clock does, nothing of this process is lost within its day, and nothing grows", () => {
  const step = fc.record({
    feature: fc.constantFrom(...WRITE_FEATURES),
    bytes: fc.nat(10_000),
    hours: fc.integer({ min: -400_000, max: 400_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = Date.UTC(2026, 0, 1);
      const meter = new DailyWrites({ clock: { now: () => now } }, LIMITS);
      for (const { feature, bytes, hours } of steps) {
        const before = meter.lastDay[feature] ?? 0;
        meter.feature(feature).wrote(bytes);
        expect(meter.lastDay[feature]).toBe(before + bytes);
        now = Math.max(0, now + hours * HOUR_MS);
        expect(meter.coveredHours).toBeLessThanOrEqual(24);
        expect(meter.days.length).toBeLessThanOrEqual(WRITE_DAYS);
      }
      expect(totalOf(meter.sinceStart)).toBe(steps.reduce((sum, { bytes }) => sum + bytes, 0));
    }),
  );
});

test("the life of the flash is its size times its cycles, over what is written", () => {
  const use = { mediumBytes: 100e6, enduranceCycles: 3_000, bytesPerDay: 50e6 };
  expect(flashLifeYears(use)).toBeCloseTo(16.4, 1);
  expect(flashLifeYears({ ...use, bytesPerDay: 0 })).toBeUndefined();
  expect(flashLifeYears({ ...use, mediumBytes: 0 })).toBeUndefined();
});

test("what the kernel counts is read where it counts", () => {
  expect(kernelWrites(() => "wchar: 5\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n")).toBe(4_096);
  expect(kernelWrites(() => "")).toBeUndefined();
  expect(
    kernelWrites(() => {
      throw new Error("ENOENT");
    }),
  ).toBeUndefined();
});
