import { describe, expect, test } from "vitest";
import type { Thing } from "./thing.ts";
import { applySettings, settingsProblems, type ThingSettings } from "./thing-settings.ts";

const PUMP: Thing = {
  id: "pump",
  title: "Pump",
  titles: { vi: "Máy bơm" },
  properties: {
    "motor/on": { type: "boolean", title: "On", titles: { vi: "Bật" } },
    "motor/power": { type: "number", readOnly: true, unit: "W" },
  },
};

describe("settings of a Thing", () => {
  test("a Thing without settings is the Thing itself", () => {
    expect(applySettings(PUMP, undefined)).toBe(PUMP);
  });

  test("the owner's name is the name in every language", () => {
    const named = applySettings(PUMP, {
      title: "Well pump",
      properties: { "motor/on": { title: "Pumping" } },
    });
    expect(named).toMatchObject({ id: "pump", title: "Well pump" });
    expect(named.titles).toBeUndefined();
    expect(named.properties["motor/on"]).toEqual({ type: "boolean", title: "Pumping" });
    expect(named.properties["motor/power"]).toEqual(PUMP.properties["motor/power"]);
  });

  test("what is not named keeps the device's titles in all languages", () => {
    const timed = applySettings(PUMP, {
      properties: { "motor/on": { safe: { value: false, maxOnMs: 60_000 } } },
    });
    expect(timed.titles).toEqual({ vi: "Máy bơm" });
    expect(timed.properties["motor/on"]).toEqual({
      type: "boolean",
      title: "On",
      titles: { vi: "Bật" },
      safe: { value: false, maxOnMs: 60_000 },
    });
  });

  test.each<[string, ThingSettings, string, RegExp]>([
    [
      "a property that it does not have",
      { properties: { "motor/speed": { title: "x" } } },
      "properties.motor/speed",
      /has no property/,
    ],
    [
      "a safe value of another type",
      { properties: { "motor/on": { safe: { value: 0 } } } },
      "properties.motor/on.safe.value",
      /expected boolean, found 0/,
    ],
    [
      "a safe state of what cannot be written",
      { properties: { "motor/power": { safe: { value: 0 } } } },
      "properties.motor/power",
      /read-only/,
    ],
    [
      "a hold of what cannot be written",
      { properties: { "motor/power": { hold: { holdMs: 1_000 } } } },
      "properties.motor/power",
      /read-only/,
    ],
    [
      "a name from an object's own tree",
      { properties: { "constructor/x": { title: "x" } } },
      "properties.constructor/x",
      /has no property/,
    ],
  ])("%s is found, and has no effect", (_name, settings, path, problem) => {
    const [found] = settingsProblems(PUMP, settings);
    expect(found?.path).toBe(path);
    expect(found?.problem).toMatch(problem);
    expect(applySettings(PUMP, settings).properties).toEqual(PUMP.properties);
  });
});
