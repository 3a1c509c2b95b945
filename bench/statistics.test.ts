import { describe, expect, test } from "vitest";
import { median, percentile, spread } from "./statistics.ts";

describe("percentile", () => {
  test("is the nearest rank: one of the samples", () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(samples, 0.5)).toBe(50);
    expect(percentile(samples, 0.99)).toBe(99);
    expect(percentile(samples, 1)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
  });

  test("of crossings that were never answered is infinite only where they reach", () => {
    const samples = [1, 2, 3, Number.POSITIVE_INFINITY];
    expect(percentile(samples, 0.5)).toBe(2);
    expect(percentile(samples, 0.99)).toBe(Number.POSITIVE_INFINITY);
  });

  test("without samples there is none", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});

test("spread does not depend on the order", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(spread([10, 2, 9])).toEqual({ median: 9, min: 2, max: 10 });
});
