import fc from "fast-check";
import { expect, test } from "vitest";
import { losesDigits, readDecimal } from "./decimal.ts";

test.each<[string, number]>([
  ["21.5", 21.5],
  [" -3\n", -3],
  ["+5", 5],
  [".5", 0.5],
  ["5.", 5],
  ["007", 7],
  ["1e3", 1_000],
  ["1.5E-2", 0.015],
  ["1e-400", 0],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ["9007199254740993.0", 2 ** 53],
])("%j is %d", (text, number) => {
  expect(readDecimal(text)).toBe(number);
});

test.each([
  ...["", " ", ".", "-", "+-1", "1.2.3", "1e", "e5", "1,5", "1_000", "1 000", "12 W", "١"],
  ...["0x10", "0b11", "0o17", "NaN", "Infinity", "-Infinity", "1e400", "1e99999", "9007199254740993"],
  ...["1".repeat(65), `0.${"1".repeat(63)}`],
])("%j is no number", (text) => {
  expect(readDecimal(text)).toBeUndefined();
});

test("of what is no number, that which has too many digits is told apart", () => {
  expect(["9007199254740992", " -9007199254740992 ", "9".repeat(64)].map(losesDigits)).toEqual([
    true,
    true,
    true,
  ]);
  expect(["9007199254740991", "9007199254740992.5", "1e20", "x", "9".repeat(65)].some(losesDigits)).toBe(
    false,
  );
});

test("what JavaScript writes is read", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      const text = String(number);
      expect(readDecimal(text)).toBe(losesDigits(text) ? undefined : number === 0 ? 0 : number);
    }),
  );
});

test("a payload of digits is refused at once", () => {
  for (const text of ["1".repeat(1_000_000), `${"1".repeat(1_000_000)}x`, `${" ".repeat(1_000_000)}x`]) {
    expect(readDecimal(text)).toBeUndefined();
  }
});
