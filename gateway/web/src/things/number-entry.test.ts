import { describe, expect, it } from "vitest";
import { readNumber, sliderRange } from "./number-entry.ts";

describe("readNumber", () => {
  const schema = { type: "integer", minimum: 5, maximum: 30 } as const;
  it.each([
    ["", { ok: false, problem: "notNumber" }],
    ["  ", { ok: false, problem: "notNumber" }],
    ["x", { ok: false, problem: "notNumber" }],
    ["1e999", { ok: false, problem: "notNumber" }],
    ["7.5", { ok: false, problem: "notInteger" }],
    ["4", { ok: false, problem: "tooSmall", limit: 5 }],
    ["31", { ok: false, problem: "tooBig", limit: 30 }],
    ["5", { ok: true, value: 5 }],
    ["30", { ok: true, value: 30 }],
  ])("%j", (text, entry) => {
    expect(readNumber(text, schema)).toEqual(entry);
  });

  it("takes fractions where the property does", () => {
    expect(readNumber("-7.5", { type: "number" })).toEqual({ ok: true, value: -7.5 });
  });
});

describe("sliderRange", () => {
  it("is there where the range can be aimed at", () => {
    expect(sliderRange({ type: "integer", minimum: 0, maximum: 254 })).toEqual({ min: 0, max: 254, step: 1 });
    expect(sliderRange({ type: "number", minimum: 5, maximum: 30, multipleOf: 0.5 })?.step).toBe(0.5);
    expect(sliderRange({ type: "integer", minimum: 0, maximum: 65_535 })).toBeUndefined();
    expect(sliderRange({ type: "number", minimum: 0, maximum: 1 })).toBeUndefined();
    expect(sliderRange({ type: "integer", minimum: 0 })).toBeUndefined();
  });
});
