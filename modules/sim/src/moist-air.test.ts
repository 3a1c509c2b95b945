import { expect, test } from "vitest";
import { relativeHumidity, saturationVapour } from "./moist-air.ts";

// Saturation densities from the steam tables, in g/m³.
test.each([
  [0, 4.85],
  [10, 9.4],
  [20, 17.3],
  [30, 30.4],
  [40, 51.2],
])("air of %s °C holds %s g/m³", (temperature, grams) => {
  expect(Math.abs(saturationVapour(temperature) / grams - 1)).toBeLessThan(0.01);
});

test("relative humidity is the share of that, within 0 and 100 %", () => {
  expect(relativeHumidity(saturationVapour(25) / 2, 25)).toBeCloseTo(50, 6);
  expect(relativeHumidity(-1, 25)).toBe(0);
  expect(relativeHumidity(100, 25)).toBe(100);
});
