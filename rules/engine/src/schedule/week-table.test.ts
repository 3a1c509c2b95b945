import type { Week } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { occurrences, shownMinutes } from "../../testing/wall-oracle.ts";
import { Calendar } from "../calendar.ts";
import type { Made } from "./schedule.ts";
import { ScheduleMaker } from "./schedule-maker.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A Sunday. */
const BEGIN = Date.UTC(2026, 4, 31);

function made<Part>(result: Made<Part>): Part {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

function edges(
  week: Week,
  on: "start" | "end" | "both",
  { timezone = "UTC", from = BEGIN, days = 7 } = {},
): string[] {
  const schedule = made(new ScheduleMaker(new Calendar(timezone)).week(week, on));
  return occurrences(schedule, from, from + days * DAY).map((at) => new Date(at).toISOString().slice(5, 16));
}

test.each([
  ["start", { mon: ["06:00-08:30"] }, ["06-01T06:00"]],
  ["end", { mon: ["06:00-08:30"] }, ["06-01T08:30"]],
  [
    "both",
    { mon: ["06:00-08:30"], wed: ["10:00-11:00"] },
    ["06-01T06:00", "06-01T08:30", "06-03T10:00", "06-03T11:00"],
  ],
  ["both", { mon: ["22:00-06:00"] }, ["06-01T22:00", "06-02T06:00"]],
  ["both", { sat: ["22:00-06:00"] }, ["05-31T06:00", "06-06T22:00"]],
  // Touching and overlapping windows are one.
  ["both", { mon: ["06:00-08:00", "08:00-09:00", "08:30-10:00"] }, ["06-01T06:00", "06-01T10:00"]],
  ["both", { mon: ["22:00-24:00"], tue: ["00:00-06:00"] }, ["06-01T22:00", "06-02T06:00"]],
  ["both", { sat: ["22:00-24:00"], sun: ["00:00-06:00"] }, ["05-31T06:00", "06-06T22:00"]],
  ["both", { weekend: ["00:00-24:00"] }, ["06-01T00:00", "06-06T00:00"]],
  [
    "start",
    { weekdays: ["08:00-09:00"] },
    ["06-01T08:00", "06-02T08:00", "06-03T08:00", "06-04T08:00", "06-05T08:00"],
  ],
  ["end", { daily: ["00:00-24:00"] }, []],
  [
    "both",
    { daily: ["12:00-11:59"], weekdays: ["11:59-12:00"] },
    ["05-31T11:59", "05-31T12:00", "06-06T11:59", "06-06T12:00"],
  ],
] as const)("%s of %j: %j", (on, week, expected) => {
  expect(edges(week, on)).toEqual(expected);
});

test("a whole week has no edges and is always inside", () => {
  const maker = new ScheduleMaker(new Calendar("Europe/Berlin"));
  const week = {
    weekdays: ["00:00-24:00"],
    sat: ["00:00-12:00"],
    weekend: ["11:00-24:00"],
    sun: ["00:00-12:00"],
  };
  expect(made(maker.week(week, "both")).next(BEGIN)).toBeUndefined();
  expect(made(maker.weekWindow(week)).isInside(BEGIN)).toBe(true);
});

test.each([
  [
    { mon: ["06:00-06:00"] },
    "mon[0]",
    'found "06:00-06:00", expected a window with an end; the whole day is "00:00-24:00"',
  ],
  [{}, "", 'found no window, expected one such as mon: ["06:00-08:30"]'],
  [{ mon: [] }, "", 'found no window, expected one such as mon: ["06:00-08:30"]'],
])("%j is refused at %j: %s", (week, path, problem) => {
  expect(new ScheduleMaker(new Calendar("UTC")).week(week)).toEqual({
    ok: false,
    problems: [{ path, problem }],
  });
});

test.each([
  // 02:00 to 03:00 does not come: nor does the window, and neither edge.
  ["2026-03-28", { daily: ["02:00-02:45"] }, ["03-28T01:00", "03-28T01:45", "03-30T00:00", "03-30T00:45"]],
  ["2026-03-29", { sun: ["02:30-04:00"] }, ["03-29T01:00", "03-29T02:00"]],
  ["2026-03-29", { sun: ["01:30-02:30", "03:00-04:00"] }, ["03-29T00:30", "03-29T02:00"]],
  // 02:00 to 03:00 comes twice: a window in it comes the first time, one around it is an hour longer.
  ["2026-10-25", { sun: ["02:00-02:30"] }, ["10-25T00:00", "10-25T00:30"]],
  ["2026-10-25", { sun: ["01:30-03:30"] }, ["10-24T23:30", "10-25T02:30"]],
] as const)("Berlin from %s, %j: %j", (from, week, expected) => {
  const options = { timezone: "Europe/Berlin", from: Date.parse(from) - 2 * 3_600_000, days: 3 };
  expect(edges(week, "both", options)).toEqual(expected);
});

test("a window that began in the first pass of an hour goes on in the second", () => {
  const window = made(new ScheduleMaker(new Calendar("Europe/Berlin")).weekWindow({ sun: ["02:30-03:30"] }));
  const shown = ["00:15", "00:30", "01:15", "01:45", "02:29", "02:30"];
  expect(shown.map((time) => window.isInside(Date.parse(`2026-10-25T${time}Z`)))).toEqual([
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
});

const windows = fc
  .tuple(fc.integer({ min: 0, max: 95 }), fc.integer({ min: 1, max: 96 }))
  .filter(([start, end]) => start !== end)
  .map(([start, end]) => `${time(start)}-${time(end)}`);
function time(quarter: number): string {
  return `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`;
}
const weeks: fc.Arbitrary<Week> = fc
  .dictionary(
    fc.constantFrom("mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekdays", "weekend", "daily"),
    fc.array(windows, { minLength: 1, maxLength: 3 }),
    { minKeys: 1, maxKeys: 4 },
  )
  .map((week) => ({ ...week }));

test("the edges are exactly where inside turns to outside, in every zone, and the table says so on ordinary days", () => {
  const days = { mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6, sun: 0 } as const;
  let flips = 0;
  fc.assert(
    fc.property(
      weeks,
      fc.constantFrom("UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"),
      fc.constantFrom(
        "2026-03-28",
        "2026-10-24",
        "2026-04-04",
        "2026-10-03",
        "2011-12-29",
        "2018-11-03",
        "2026-06-05",
      ),
      (week, timezone, date) => {
        const maker = new ScheduleMaker(new Calendar(timezone));
        const window = made(maker.weekWindow(week));
        const from = Date.parse(date);
        const until = from + 3 * DAY;
        const starts: number[] = [];
        const ends: number[] = [];
        for (let at = from; at < until; at += 15 * MINUTE) {
          const now = window.isInside(at);
          if (now !== window.isInside(at - 1)) (now ? starts : ends).push(at);
        }
        expect(occurrences(made(maker.week(week, "start")), from, until)).toEqual(starts);
        expect(occurrences(made(maker.week(week, "end")), from, until)).toEqual(ends);
        expect(occurrences(made(maker.week(week, "both")), from, until)).toEqual(
          [...starts, ...ends].sort((a, b) => a - b),
        );
        flips += starts.length + ends.length;

        if (timezone !== "UTC") return;
        const listed = Object.entries(week).flatMap(([key, texts]) => {
          const on =
            key === "daily"
              ? [0, 1, 2, 3, 4, 5, 6]
              : key === "weekdays"
                ? [1, 2, 3, 4, 5]
                : key === "weekend"
                  ? [0, 6]
                  : [days[key as keyof typeof days]];
          return (texts ?? []).map((text) => ({ on, start: text.slice(0, 5), end: text.slice(6) }));
        });
        for (const { at, wall } of shownMinutes(timezone, from, from + DAY)) {
          const today = new Date(wall).getUTCDay();
          const clock = new Date(wall).toISOString().slice(11, 16);
          const inside = listed.some(({ end, on, start }) => {
            if (start < end) return on.includes(today) && clock >= start && clock < end;
            return (on.includes(today) && clock >= start) || (on.includes((today + 6) % 7) && clock < end);
          });
          expect(window.isInside(at)).toBe(inside);
        }
      },
    ),
    { numRuns: 150 },
  );
  expect(flips).toBeGreaterThan(250);
});
