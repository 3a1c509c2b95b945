import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const LIMITS = { firstMs: 1_000, longestMs: 60_000 };

test.each([
  [1, 0, 500],
  [1, 0.999999, 1_000],
  [2, 0, 1_000],
  [3, 0.5, 3_000],
  [6, 0, 16_000],
  [7, 0, 30_000],
  [7, 0.999999, 60_000],
  [1_000, 0.5, 45_000],
])("after %d failures in a row, with jitter %d: %d ms", (failures, random, ms) => {
  expect(backoffMs(failures, LIMITS, random)).toBe(ms);
});

test("grows to the longest wait, and half of it is always kept", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), random, (failures, random) => {
      const wait = backoffMs(failures, LIMITS, random);
      expect(wait).toBeGreaterThanOrEqual(500);
      expect(wait).toBeLessThanOrEqual(60_000);
      expect(backoffMs(failures + 1, LIMITS, 0)).toBeGreaterThanOrEqual(backoffMs(failures, LIMITS, 0));
    }),
  );
});
