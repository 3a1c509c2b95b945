import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elapsedMs, formatDuration, type Instant, parseDuration } from "./time.ts";

test.each([
  ["500ms", 500],
  ["2s", 2_000],
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  ["1m1ms", 60_001],
  ["0.1s", 100],
  ["0s", 0],
  ["2d", 172_800_000],
])("reads %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  "",
  "2",
  "2 s",
  "s",
  "-2s",
  "1e3s",
  ".5s",
  "2m ",
  "2S",
  "2 minutes",
  "1,5s",
  `${"9".repeat(400)}d`,
])("%j is not a duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test("reads what is written in parts as their sum", () => {
  const part = fc.integer({ min: 0, max: 999 });
  fc.assert(
    fc.property(part, part, part, part, part, (d, h, m, s, ms) => {
      const total = d * 86_400_000 + h * 3_600_000 + m * 60_000 + s * 1_000 + ms;
      expect(parseDuration(`${d}d${h}h${m}m${s}s${ms}ms`)).toBe(total);
    }),
  );
});

test.each([
  [0, "0 ms"],
  [450, "450 ms"],
  [999.9, "999 ms"],
  [1_000, "1 s"],
  [2_500, "2.5 s"],
  [59_999, "59.9 s"],
  [60_000, "1 min"],
  [12 * 60_000, "12 min"],
  [3_600_000 - 1, "59 min"],
  [3_600_000, "1 h"],
  [3 * 3_600_000 + 5 * 60_000, "3 h 5 min"],
  [24 * 3_600_000, "1 d"],
  [52 * 3_600_000, "2 d 4 h"],
])("writes %d ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

describe("the time that passed", () => {
  const NOON = Date.UTC(2026, 0, 5, 12);
  const at = (instant: Partial<Instant>): Instant => ({
    wall: NOON,
    monotonic: 50_000,
    bootId: "one",
    trust: "synced",
    ...instant,
  });

  test.each<[string, Partial<Instant>, Partial<Instant>, number]>([
    ["within one boot follows the monotonic clock alone", {}, { wall: 0, monotonic: 53_000 }, 3_000],
    ["within one boot is never negative", {}, { monotonic: 49_000 }, 0],
    [
      "within one boot needs no trust",
      { trust: "untrusted" },
      { trust: "untrusted", monotonic: 51_000 },
      1_000,
    ],
    [
      "over a boot counts the outage between two trusted walls",
      {},
      { bootId: "two", wall: NOON + 90_000, monotonic: 5 },
      90_000,
    ],
    [
      "over a boot believes a clock in holdover",
      { trust: "holdover" },
      { bootId: "two", wall: NOON + 7, monotonic: 5, trust: "holdover" },
      7,
    ],
    [
      "over a boot counts at least the time since it",
      {},
      { bootId: "two", wall: NOON - 90_000, monotonic: 5 },
      5,
    ],
    [
      "over a boot into an untrusted clock counts from the boot",
      {},
      { bootId: "two", wall: 0, monotonic: 5_000, trust: "untrusted" },
      5_000,
    ],
    [
      "over a boot from an untrusted clock counts from the boot",
      { wall: 0, trust: "untrusted" },
      { bootId: "two", monotonic: 4_000 },
      4_000,
    ],
  ])("%s", (_name, from, to, ms) => {
    expect(elapsedMs(at(from), at(to))).toBe(ms);
  });
});
