import fc from "fast-check";
import { expect, test } from "vitest";
import { Calendar, isTimezone } from "./calendar.ts";

const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

test.each([
  ["Europe/Berlin", "2026-03-28T02:30", "2026-03-28T01:30:00.000Z", "an ordinary day"],
  ["Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00.000Z", "spring gap: 03:00 is first"],
  ["Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z", "autumn: the first of both"],
  ["Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00.000Z", "autumn: after both"],
  ["America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00:00.000Z", "a gap at midnight"],
  ["Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00.000Z", "a gap of half an hour"],
  ["Pacific/Apia", "2011-12-30T07:00", "2011-12-30T10:00:00.000Z", "a date left out"],
  ["Asia/Manila", "1844-12-30T12:00", "1844-12-31T03:56:08.000Z", "local mean time, to the second"],
])("%s shows %s at %s: %s", (timezone, wall, expected) => {
  expect(iso(new Calendar(timezone).instantOf(Date.parse(`${wall}Z`)))).toBe(expected);
});

test("local time names date, second and weekday", () => {
  const calendar = new Calendar("Asia/Ho_Chi_Minh");
  expect(calendar.local(Date.parse("2026-05-31T17:00:01Z"))).toEqual({
    date: "2026-06-01",
    secondOfDay: 1,
    weekday: "mon",
  });
  expect(new Calendar("UTC").local(Date.parse("2026-06-07T00:00:00Z"))).toMatchObject({
    secondOfDay: 0,
    weekday: "sun",
  });
});

test("what the wall shows comes back to the moment, or to one at which it shows the same or, in a gap, more", () => {
  const zones = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Ho_Chi_Minh",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
  ];
  const calendars = new Map(zones.map((zone) => [zone, new Calendar(zone)]));
  const formats = new Map(
    zones.map((zone) => [
      zone,
      new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }),
    ]),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(1975, 0) / 1_000, max: Date.UTC(2040, 0) / 1_000 }),
      (zone, second) => {
        const calendar = calendars.get(zone) ?? new Calendar(zone);
        const at = second * 1_000;
        const { from, offsetMs, until } = calendar.span(at);
        expect(at >= from && at < until).toBe(true);
        const shown = Date.parse(`${formats.get(zone)?.format(at).replace(" ", "T")}Z`);
        expect(at + offsetMs).toBe(shown);
        const first = calendar.instantOf(shown);
        expect(first).toBeLessThanOrEqual(at);
        expect(first + calendar.span(first).offsetMs).toBe(shown);
        const next = calendar.instantOf(shown + 1_800_000);
        expect(next).toBeGreaterThanOrEqual(first);
        expect(next + calendar.span(next).offsetMs).toBeGreaterThanOrEqual(shown + 1_800_000);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("no clock is too wrong", () => {
  const calendar = new Calendar("Europe/Berlin");
  for (const at of [-8.64e15, -62_200_000_000_000, 0, 253_402_300_800_000, 8.64e15 - 86_400_000]) {
    expect(Number.isFinite(calendar.span(at).offsetMs)).toBe(true);
    expect(calendar.local(at).secondOfDay).toBeGreaterThanOrEqual(0);
  }
});

test("time zones", () => {
  expect(isTimezone("Asia/Ho_Chi_Minh")).toBe(true);
  expect(isTimezone("Mars/Olympus")).toBe(false);
  expect(isTimezone("")).toBe(false);
});
