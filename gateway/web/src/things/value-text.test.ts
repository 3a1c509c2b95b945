import { describe, expect, it } from "vitest";
import { i18nFor } from "../i18n/i18n.ts";
import { bareValueText, valueText } from "./value-text.ts";

const vi = i18nFor("vi", "Asia/Ho_Chi_Minh");
const en = i18nFor("en", "Asia/Ho_Chi_Minh");

describe("valueText", () => {
  it("writes numbers as the language does, to the property's step", () => {
    const temperature = { type: "number", unit: "°C", multipleOf: 0.1 } as const;
    expect(valueText(1234.56, temperature, vi)).toBe("1.234,6\u00a0°C");
    expect(valueText(1234.56, temperature, en)).toBe("1,234.6\u00a0°C");
    expect(valueText(45, { type: "integer", unit: "%" }, en)).toBe("45%");
    expect(valueText(0.123456, { type: "number" }, en)).toBe("0.123");
  });

  it("says on and off for what can be switched, yes and no for what is only seen", () => {
    expect(valueText(true, { type: "boolean" }, vi)).toBe("Bật");
    expect(valueText(false, { type: "boolean", readOnly: true }, vi)).toBe("Không");
  });

  it("says what the device calls its two states", () => {
    const labels = ["shut", "open"];
    expect(valueText(true, { type: "boolean", labels }, vi)).toBe("open");
    expect(valueText(false, { type: "boolean", labels, readOnly: true }, en)).toBe("shut");
  });

  it("is empty where no value was ever seen", () => {
    expect(valueText(null, { type: "number", unit: "W" }, en)).toBe("");
    expect(valueText(undefined, { type: "boolean" }, en)).toBe("");
  });

  it("writes texts, times and documents", () => {
    expect(valueText("heat", { type: "string" }, en)).toBe("heat");
    expect(valueText("2026-03-01T08:00:00Z", { type: "string", format: "date-time" }, en)).toContain(
      "15:00:00",
    );
    expect(valueText({ a: [1] }, { type: "object" }, en)).toBe('{"a":[1]}');
  });
});

it("writes what a trace has seen", () => {
  expect([31.4, "19:02", true, null, undefined].map((value) => bareValueText(value, vi))).toEqual([
    "31,4",
    "19:02",
    "true",
    "null",
    "",
  ]);
});
