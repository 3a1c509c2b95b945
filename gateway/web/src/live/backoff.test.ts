import fc from "fast-check";
import { expect, it } from "vitest";
import { retryDelayMs } from "./backoff.ts";

it("doubles from half a second to ten", () => {
  expect([0, 1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(attempt, 0))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

it("spreads, and stays within its bounds", () => {
  expect(retryDelayMs(5, 1)).toBe(7_500);
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const delay = retryDelayMs(attempt, random);
      expect(delay).toBeGreaterThanOrEqual(500);
      expect(delay).toBeLessThanOrEqual(10_000);
    }),
  );
});
