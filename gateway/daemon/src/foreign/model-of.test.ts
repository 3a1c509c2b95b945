import { parsePropertyKey } from "@tram/protocol";
import { expect, test } from "vitest";
import { modelOf, standardAffordance } from "./model-of.ts";

const as = (...keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, standardAffordance(key) ?? { type: "string" as const }]));

test.each([
  [["switch/on"], "switch"],
  [["plug/on", "meter/power", "meter/energy"], "plug-meter"],
  [["relay-1/on", "relay-2/on", "input-1/active"], "relay-board"],
  [["light/on", "light/brightness"], "dimmable-light"],
  [["light/on", "light/brightness", "light/color-temperature"], "tunable-light"],
  [["light/on", "light/brightness", "light/color", "light/color-temperature"], "color-light"],
  [["air/temperature", "air/humidity", "battery/level"], "temperature-humidity"],
  [["cover/command", "cover/state", "cover/position"], "cover"],
  [["leak/detected", "battery/level"], "leak"],
  [["x/y"], undefined],
  [[], undefined],
])("%j is a %s", (keys, model) => {
  expect(modelOf(as(...keys))).toBe(model);
});

test("a property of another type does not count", () => {
  expect(modelOf({ "switch/on": { type: "string" } })).toBeUndefined();
});

test("what the models say of a property has its titles and its range, and names of objects are none", () => {
  expect(standardAffordance("air/temperature")).toMatchObject({
    unit: "°C",
    minimum: -55,
    titles: { vi: expect.any(String) },
  });
  expect(standardAffordance("air/temperature")).not.toHaveProperty(["matter:mapping"]);
  for (const key of ["__proto__", "constructor", "toString"]) expect(standardAffordance(key)).toBeUndefined();
  expect(parsePropertyKey("air/temperature")).toBeDefined();
});
