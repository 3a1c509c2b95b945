import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { Calendar, isTimezone, secondOfDay } from "./calendar.ts";

afterEach(() => vi.restoreAllMocks());

const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

test.each([
  [
    "Europe/Berlin",
    "02:30",
    "2026-03-28T12:00:00Z",
    "2026-03-29T01:00:00.000Z",
    "spring gap: 03:00 is first",
  ],
  [
    "Europe/Berlin",
    "02:30",
    "2026-03-29T01:00:00Z",
    "2026-03-30T00:30:00.000Z",
    "and the day after as usual",
  ],
  ["Europe/Berlin", "02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z", "autumn: the first of both"],
  ["Europe/Berlin", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z", "and not the second"],
  ["America/Sao_Paulo", "00:00", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00.000Z", "a gap at midnight"],
  [
    "Australia/Lord_Howe",
    "02:15",
    "2026-10-03T00:00:00Z",
    "2026-10-03T15:30:00.000Z",
    "a gap of half an hour",
  ],
  ["Asia/Ho_Chi_Minh", "07:30:15", "2026-06-01T00:30:14.999Z", "2026-06-01T00:30:15.000Z", "seconds"],
  ["UTC", "07:30", "2026-06-01T07:30:00Z", "2026-06-02T07:30:00.000Z", "strictly after"],
])("%s %s after %s is %s: %s", (timezone, time, after, expected) => {
  const calendar = new Calendar(timezone);
  expect(iso(calendar.next(secondOfDay(time), Date.parse(after)))).toBe(expected);
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

test("the next occurrence is later, at most two days away, and shows the time of day outside of a gap", () => {
  const zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Ho_Chi_Minh", "Australia/Lord_Howe"];
  const calendars = new Map(zones.map((zone) => [zone, new Calendar(zone)]));
  fc.assert(
    fc.property(
      fc.constantFrom(...calendars.values()),
      fc.integer({ min: 0, max: 86_399 }),
      fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2040, 0) }),
      (calendar, second, after) => {
        const next = calendar.next(second, after) ?? 0;
        expect(next).toBeGreaterThan(after);
        expect(next - after).toBeLessThanOrEqual(25 * 3_600_000 + 3_600_000);
        const shown = calendar.local(next).secondOfDay;
        if (shown === second) return;
        // In a gap: the second before shows a time before it, and the gap is where both ends lie.
        expect(calendar.local(next - 1_000).secondOfDay).toBeLessThan(second);
        expect(shown).toBeGreaterThan(second);
      },
    ),
    { numRuns: 500 },
  );
});

test("no timer is made", () => {
  const timeout = vi.spyOn(globalThis, "setTimeout");
  const interval = vi.spyOn(globalThis, "setInterval");
  new Calendar("Europe/Berlin").next(0, Date.UTC(2026, 0));
  expect(timeout).not.toHaveBeenCalled();
  expect(interval).not.toHaveBeenCalled();
});

test("time zones", () => {
  expect(isTimezone("Asia/Ho_Chi_Minh")).toBe(true);
  expect(isTimezone("Mars/Olympus")).toBe(false);
  expect(isTimezone("")).toBe(false);
});
