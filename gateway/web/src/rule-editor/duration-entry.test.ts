import { expect, it } from "vitest";
import { readEntry, writeEntry } from "./duration-entry.ts";

it("reads a duration in its own unit, or in the largest that divides it", () => {
  expect(readEntry("90m")).toEqual({ amount: "90", unit: "m" });
  expect(readEntry("1h30m")).toEqual({ amount: "90", unit: "m" });
  expect(readEntry("500ms")).toEqual({ amount: "0.5", unit: "s" });
  expect(readEntry("1d")).toEqual({ amount: "1", unit: "d" });
  expect(readEntry("0s")).toEqual({ amount: "0", unit: "s" });
  expect(readEntry("1.50h")).toEqual({ amount: "1.50", unit: "h" });
  expect(readEntry(undefined)).toEqual({ amount: "", unit: "s" });
});

it("shows what is no duration as it is written", () => {
  expect(readEntry("soon")).toEqual({ amount: "soon", unit: "s" });
  expect(readEntry("xm")).toEqual({ amount: "x", unit: "m" });
  expect(readEntry(5)).toEqual({ amount: "5", unit: "s" });
});

it("writes what can be read, and does not hide a typing error from the gateway", () => {
  expect(writeEntry({ amount: " 2,5 ", unit: "m" })).toBe("2.5m");
  expect(writeEntry({ amount: "", unit: "m" })).toBeUndefined();
  expect(writeEntry({ amount: "x", unit: "m" })).toBe("xm");
});
