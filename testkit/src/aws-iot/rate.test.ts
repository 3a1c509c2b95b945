import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteRate, EventRate } from "./rate.ts";

describe("a rate of events", () => {
  test("is kept in any second", () => {
    const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 400 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 20 }), (steps, perSecond) => {
        const rate = new EventRate(perSecond);
        const taken: number[] = [];
        let now = 0;
        for (const step of steps) {
          now += step;
          if (rate.take(now)) taken.push(now);
        }
        for (const [index, start] of taken.entries()) {
          expect(taken.slice(index).filter((at) => at < start + 1_000).length).toBeLessThanOrEqual(perSecond);
        }
      }),
    );
  });

  test("lets the next one through when the second is over", () => {
    const rate = new EventRate(2);
    expect([0, 0, 999, 1_000, 1_000, 1_001].map((at) => rate.take(at))).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("a rate of bytes", () => {
  test("lets one second's worth pass, and makes the rest wait", () => {
    const rate = new ByteRate(1_000);
    expect(rate.take(1_000, 0)).toBe(0);
    expect(rate.take(500, 0)).toBe(500);
    expect(rate.take(500, 500)).toBe(500);
    expect(rate.take(100, 2_000)).toBe(0);
  });
});
