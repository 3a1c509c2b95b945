import { expect, test } from "vitest";
import { seededRandom } from "./seeded-random.ts";
import { stepClouds, weatherAt } from "./weather.ts";

const at = (utc: string, offset = 7, cloud = 0) => weatherAt(Date.parse(utc), offset, cloud);

test("it is dark at night, brightest at local noon, hottest in the afternoon", () => {
  expect(at("2026-03-01T20:00:00Z").sun).toBe(0);
  expect(at("2026-03-01T05:00:00Z").sun).toBeCloseTo(950, 6);
  expect(at("2026-03-01T12:00:00Z", 0).sun).toBeCloseTo(950, 6);
  expect(at("2026-03-01T07:30:00Z").outsideTemperature).toBeCloseTo(33, 6);
  expect(at("2026-03-01T19:30:00Z").outsideTemperature).toBeCloseTo(23, 6);
});

test("a wall clock that was never set still makes days", () => {
  expect(weatherAt(0, -12, 0)).toEqual(weatherAt(86_400_000, -12, 0));
});

test("clouds take sun, and come and go within the sky", () => {
  expect(at("2026-03-01T05:00:00Z", 7, 1).sun).toBeCloseTo(237.5, 6);
  const random = seededRandom(3);
  const seen: number[] = [];
  for (let cloud = 0.2, step = 0; step < 5_000; step++) {
    cloud = stepClouds(cloud, 60, random);
    seen.push(cloud);
  }
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...seen)).toBeLessThanOrEqual(1);
  expect(Math.max(...seen)).toBeGreaterThan(0.4);
});
