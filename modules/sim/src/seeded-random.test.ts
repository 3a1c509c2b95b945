import { expect, test } from "vitest";
import { noise, seededRandom, waitingTime } from "./seeded-random.ts";

function draw(count: number, next: () => number): readonly number[] {
  return Array.from({ length: count }, next);
}

test("the same seed gives the same numbers, another seed or stream others", () => {
  const first = draw(50, seededRandom(42, 1));
  expect(draw(50, seededRandom(42, 1))).toEqual(first);
  expect(draw(50, seededRandom(43, 1))).not.toEqual(first);
  expect(draw(50, seededRandom(42, 2))).not.toEqual(first);
});

test("is mulberry32: seed 0 begins as the published C code does", () => {
  const random = seededRandom(0);
  expect(draw(3, random).map((value) => value * 2 ** 32)).toEqual([1_144_304_738, 1_416_247, 958_946_056]);
});

test("draws are even over [0, 1), noise has deviation 1, waiting times have the given mean", () => {
  const random = seededRandom(7);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const draws = draw(20_000, random);
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  expect(mean(draws)).toBeCloseTo(0.5, 1);
  const errors = draw(20_000, () => noise(random));
  expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(3);
  expect(Math.sqrt(mean(errors.map((error) => error * error)))).toBeCloseTo(1, 1);
  expect(mean(draw(20_000, () => waitingTime(300, random))) / 300).toBeCloseTo(1, 1);
});
