import fc from "fast-check";
import { expect, it } from "vitest";
import { createNumberFormat, fractionDigits, spacedUnit } from "./number.ts";

it.each([
  [{ type: "integer" }, 0],
  [{ type: "number" }, 3],
  [{ type: "number", multipleOf: 0.1 }, 1],
  [{ type: "number", multipleOf: 0.05 }, 2],
  [{ type: "number", multipleOf: 5 }, 0],
  [{ type: "number", multipleOf: 1e-9 }, 6],
])("%j has %d digits", (shape, digits) => {
  expect(fractionDigits(shape)).toBe(digits);
});

it("shows every multiple of a step exactly", () => {
  const format = createNumberFormat("en");
  fc.assert(
    fc.property(fc.integer({ min: -9_999, max: 9_999 }), fc.constantFrom(0.1, 0.25, 0.5, 0.01), (n, step) => {
      const shown = Number(format(n * step, { type: "number", multipleOf: step }).replaceAll(",", ""));
      expect(shown).toBeCloseTo(n * step, 9);
    }),
  );
});

it("puts the space where it belongs", () => {
  expect(["%", "°", "°C", "", undefined].map(spacedUnit)).toEqual(["%", "°", "\u00a0°C", "", ""]);
});
