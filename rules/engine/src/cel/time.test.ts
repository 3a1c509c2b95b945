import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "./evaluation.ts";
import { parseDuration, parseTimestamp, writeDuration, writeTimestamp } from "./time.ts";
import { CelDuration, CelTimestamp } from "./value.ts";

test("a timestamp that is written is read as the same", () => {
  const range = { min: Date.parse("0001-01-01T00:00:00Z"), max: Date.parse("9999-12-31T23:59:59.999Z") };
  fc.assert(
    fc.property(fc.integer(range), (epochMs) => {
      const text = writeTimestamp(new CelTimestamp(epochMs));
      expect(parseTimestamp(text)).toEqual(new CelTimestamp(epochMs));
    }),
  );
});

test("a duration that is written is read as the same, to the nanosecond", () => {
  const ns = fc.oneof(fc.integer(), fc.integer({ min: -1_000, max: 1_000 }), fc.maxSafeInteger());
  fc.assert(
    fc.property(ns, (count) => {
      const text = writeDuration(new CelDuration(count / 1e6));
      const read = parseDuration(text);
      if (read instanceof Failure) throw new Error(read.problem);
      expect(Math.abs(read.ms - count / 1e6)).toBeLessThan(1e-6 + Math.abs(count) * 1e-21);
    }),
  );
});

test("any other text is refused in words", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-+.0-9TZ:hmsund]{0,25}$/), (text) => {
      for (const read of [parseTimestamp(text), parseDuration(text)]) {
        if (read instanceof CelTimestamp) expect(Number.isFinite(read.epochMs)).toBe(true);
        else if (read instanceof CelDuration) expect(Number.isFinite(read.ms)).toBe(true);
        else expect(read.problem).toMatch(/ is no (?:timestamp|duration) such as |outside of|more than/);
      }
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["2026-02-29T00:00:00Z"],
  ["2026-13-01T00:00:00Z"],
  ["2026-01-01T24:00:00Z"],
  ["2026-01-01T00:00:60Z"],
  ["2026-01-01T00:00:00+24:00"],
  ["2026-01-01T00:00:00"],
  ["2026-01-01"],
  ["0000-01-01T00:00:00Z"],
])("%s is no timestamp", (text) => {
  expect(parseTimestamp(text)).toBeInstanceOf(Failure);
});
