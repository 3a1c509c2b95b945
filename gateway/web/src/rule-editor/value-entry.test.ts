import { expect, it } from "vitest";
import { readLimit, readNumber, readValue, textOf, writeValue } from "./value-entry.ts";

it("reads numbers with a point or a comma, also half-typed", () => {
  expect(["21.5", "21,5", " 7 ", "2.", ".5", "-0,25", "−3", "+1"].map(readNumber)).toEqual([
    21.5, 21.5, 7, 2, 0.5, -0.25, -3, 1,
  ]);
  for (const text of ["", "-", "x", "1e5", "1.2.3", "9".repeat(400)])
    expect(readNumber(text), text).toBeUndefined();
  expect(readLimit(" ")).toBeUndefined();
  expect(readLimit("ten")).toBe("ten");
});

it("reads what was typed as the property means it", () => {
  expect(readValue("21,5", { type: "number" }, false)).toBe(21.5);
  expect(readValue("21.5", { type: "string" }, false)).toBe("21.5");
  expect(readValue("true", undefined, false)).toBe(true);
  expect(readValue("-4", undefined, false)).toBe(-4);
  expect(readValue("1,5", undefined, false)).toBe("1,5");
  expect(readValue("home", undefined, false)).toBe("home");
  expect(readValue(" ", { type: "number" }, true)).toBeUndefined();
  expect(readValue("1e400", { type: "number" }, false)).toBe("1e400");
});

it("lets people type on: what stands in a field is what was typed while it means the value", () => {
  // Key by key to 0.05 and to -0.5: no key may change what was typed before.
  for (const goal of ["0.05", "-0.5", "2.0", "1,50"]) {
    let value: unknown;
    for (let length = 1; length <= goal.length; length++) {
      const typed = goal.slice(0, length);
      value = readLimit(typed);
      expect(textOf(typed, value, readLimit)).toBe(typed);
    }
  }
  // Another value came from elsewhere.
  expect(textOf("2.0", 3, readLimit)).toBe("3");
  expect(textOf(undefined, undefined, readLimit)).toBe("");
  expect(writeValue({ r: 1 })).toBe('{"r":1}');
});
