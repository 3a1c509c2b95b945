import { expect, test } from "vitest";
import { LoadAverage } from "./load-average.ts";

test("a steady rate is approached, faster by the shorter window", () => {
  const [short, long] = [new LoadAverage(1, 0, 0), new LoadAverage(15, 0, 0)];
  let averages: [number, number] = [0, 0];
  for (let second = 10; second <= 600; second += 10) {
    averages = [short.look(second * 2, second * 1_000), long.look(second * 2, second * 1_000)];
  }
  expect(averages[0]).toBeCloseTo(120, 0);
  expect(averages[1]).toBeGreaterThan(50);
  expect(averages[1]).toBeLessThan(65);
});

test("no time, no change", () => {
  const average = new LoadAverage(1, 0, 5);
  expect(average.look(100, 5)).toBe(0);
});
