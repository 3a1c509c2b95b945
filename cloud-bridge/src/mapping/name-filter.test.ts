import { expect, it } from "vitest";
import { NameFilter } from "./name-filter.ts";

it.each([
  [["pump"], "pump", "motor/power", true],
  [["pump"], "pump2", "motor/power", false],
  [["pump/motor/power"], "pump", "motor/power", true],
  [["pump/motor/speed"], "pump", "motor/power", false],
  [["sensor-*"], "sensor-12", "air/temperature", true],
  [["sensor-*"], "sensor", "air/temperature", false],
  [["*/air/temperature"], "roof", "air/temperature", true],
  [["*/air/temperature"], "roof", "soil/temperature", false],
  [["*/*/temperature"], "roof", "soil/temperature", true],
  [["*"], "anything", "at/all", true],
  [["*/*/*"], "anything", "at/all", true],
  [["*/*"], "anything", "at/all", false],
  [["sen*/air/*"], "sensor-1", "air/temperature", true],
  [["sen*/*"], "sensor-1", "air/temperature", false],
  [[], "pump", "motor/power", false],
])("%j chooses %s/%s: %s", (choices, thing, property, chosen) => {
  expect(new NameFilter(choices).hasProperty(thing, property)).toBe(chosen);
});

it.each([
  [["pump/motor/power"], "pump", true],
  [["*/motor/power"], "pump", true],
  [["fan"], "pump", false],
])("%j touches %s: %s", (choices, thing, touched) => {
  expect(new NameFilter(choices).touches(thing)).toBe(touched);
});

it("takes a point in a name for a point", () => {
  expect(new NameFilter(["a-*"]).has("aXb")).toBe(false);
});
