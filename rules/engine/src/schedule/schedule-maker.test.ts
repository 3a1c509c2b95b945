import fc from "fast-check";
import { expect, test } from "vitest";
import { occurrences, rhythm, shownMinutes, timesOfDay } from "../../testing/wall-oracle.ts";
import { Calendar, WEEKDAYS } from "../calendar.ts";
import type { Made } from "./schedule.ts";
import { ScheduleMaker } from "./schedule-maker.ts";

const DAY = 86_400_000;

function made<Part>(result: Made<Part>): Part {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

const iso = (at: number | undefined) =>
  at === undefined ? "never" : new Date(at).toISOString().replace(".000Z", "Z");
const list = (moments: readonly number[]) => moments.map(iso);
const makers = new Map<string, ScheduleMaker>();
function makerOf(timezone: string): ScheduleMaker {
  const maker = makers.get(timezone) ?? new ScheduleMaker(new Calendar(timezone));
  makers.set(timezone, maker);
  return maker;
}
const cron = (timezone: string, text: string) => made(makerOf(timezone).cron(text));

test.each([
  [
    "Europe/Berlin",
    "30 2 * * *",
    "2026-03-28",
    3,
    ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"],
  ],
  [
    "Europe/Berlin",
    "30 2 * * *",
    "2026-10-24",
    3,
    ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"],
  ],
  // 02:00 does not come on 8 March, comes twice on 1 November.
  ["America/New_York", "15,45 2 * * *", "2026-03-08", 1, ["2026-03-08T07:00"]],
  ["America/New_York", "30 1 * * *", "2026-11-01", 1, ["2026-11-01T05:30"]],
  // Half an hour: 02:00 to 02:30 is left out on 4 October, 01:30 to 02:00 comes twice on 5 April.
  ["Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00", 1, ["2026-10-03T15:30"]],
  ["Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00", 1, ["2026-04-04T14:45"]],
  ["Asia/Ho_Chi_Minh", "30 7 * * *", "2026-06-01", 2, ["2026-06-01T00:30", "2026-06-02T00:30"]],
  // Samoa had no 30 December 2011: 29 December 20:00 was followed by 31 December 20:00 after 24 hours.
  ["Pacific/Apia", "0 20 * * *", "2011-12-30", 2, ["2011-12-30T06:00", "2011-12-31T06:00"]],
  ["Pacific/Apia", "0 20 30 12 *", "2011-01-01", 800, ["2012-12-30T06:00"]],
  // At midnight: 00:00 to 01:00 is left out on 4 November 2018, 23:00 to 24:00 comes twice on 17 February 2018.
  ["America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00", 1, ["2018-11-04T03:00"]],
  ["America/Sao_Paulo", "30 23 * * *", "2018-02-17T12:00", 1, ["2018-02-18T01:30"]],
  ["Africa/Cairo", "0 0 * * fri", "2026-04-23", 2, ["2026-04-23T22:00"]],
])("times of day in %s, %s from %s for %d days: %j", (timezone, text, from, days, expected) => {
  const begin = Date.parse(from.length > 10 ? `${from}Z` : `${from}T00:00Z`);
  const found = occurrences(cron(timezone, text), begin, begin + days * DAY);
  expect(list(found)).toEqual(expected.map((at) => `${at}:00Z`));
});

test.each([
  ["Europe/Berlin", "*/30 * * * *", "2026-03-29T00:00", ["00:00", "00:30", "01:00", "01:30", "02:00"]],
  ["Europe/Berlin", "*/30 * * * *", "2026-10-25T00:00", ["00:00", "00:30", "01:00", "01:30", "02:00"]],
  ["Europe/Berlin", "0 * * * *", "2026-10-25T00:00", ["00:00", "01:00", "02:00", "03:00", "04:00"]],
  ["Europe/Berlin", "*/30 2 * * *", "2026-10-25T00:00", ["00:00", "00:30", "01:00", "01:30"]],
  ["Europe/Berlin", "*/30 2 * * *", "2026-03-29T00:00", []],
  ["Australia/Lord_Howe", "*/30 * * * *", "2026-10-03T15:00", ["15:00", "15:30", "16:00", "16:30", "17:00"]],
  ["Australia/Lord_Howe", "0 * * * *", "2026-04-04T13:00", ["13:00", "14:00", "15:30", "16:30", "17:30"]],
])("rhythm in %s, %s from %s: %j", (timezone, text, from, expected) => {
  const begin = Date.parse(`${from}Z`);
  const found = occurrences(cron(timezone, text), begin, begin + 5 * 3_600_000);
  expect(
    list(found)
      .map((at) => at.slice(11, 16))
      .slice(0, 5),
  ).toEqual(expected);
});

test.each([
  ["0 0 29 2 *", "2026-01-01", ["2028-02-29T00:00", "2032-02-29T00:00"]],
  ["0 0 29 2 *", "2096-03-01", ["2104-02-29T00:00"]],
  ["0 0 29 feb mon", "2028-02-20", ["2028-02-21T00:00", "2028-02-28T00:00", "2028-02-29T00:00"]],
  ["0 0 L * *", "2028-01-31", ["2028-01-31T00:00", "2028-02-29T00:00", "2028-03-31T00:00"]],
  ["0 0 1,l 4 *", "2028-01-31", ["2028-04-01T00:00", "2028-04-30T00:00"]],
  ["0 0 * * 7", "2026-06-01", ["2026-06-07T00:00", "2026-06-14T00:00"]],
  ["0 0 * * fri-sun", "2026-06-01", ["2026-06-05T00:00", "2026-06-06T00:00", "2026-06-07T00:00"]],
  ["0 0 */10 * mon", "2026-06-01", ["2026-06-01T00:00", "2026-08-31T00:00"]],
  ["0 0 13 * fri", "2026-06-06", ["2026-06-12T00:00", "2026-06-13T00:00", "2026-06-19T00:00"]],
  ["20/20 6 1 1 *", "2026-01-01", ["2026-01-01T06:20", "2026-01-01T06:40", "2027-01-01T06:20"]],
  ["10-30/10 6 1 JAN *", "2026-01-01", ["2026-01-01T06:10", "2026-01-01T06:20", "2026-01-01T06:30"]],
  [
    "5-15/10 59 23 31 12 *",
    "2026-01-01",
    ["2026-12-31T23:59:05", "2026-12-31T23:59:15", "2027-12-31T23:59:05"],
  ],
])("cron %s from %s: %j", (text, from, expected) => {
  const schedule = cron("UTC", text);
  let at: number | undefined = Date.parse(`${from}T00:00Z`) - 1;
  for (const wanted of expected) {
    at = schedule.next(at ?? 0);
    expect(iso(at)).toBe(wanted.length > 16 ? `${wanted}Z` : `${wanted}:00Z`);
  }
});

test.each(["0 0 30 2 *", "0 0 31 4,6,9,11 *", "*/5 * 31 2 *", "* * * * * 30 2 *".slice(4)])(
  "%s never comes, and that is known at once",
  (text) => {
    const maker = new ScheduleMaker(new Calendar("Europe/Berlin"));
    const schedule = made(maker.cron(text));
    const begin = performance.now();
    expect(schedule.next(Date.UTC(2026, 5))).toBeUndefined();
    expect(performance.now() - begin).toBeLessThan(50);
  },
);

test.each([
  ["", "found 0 fields, expected 5 (minutes hours day month weekday) or 6 (seconds in front)"],
  ["@daily", "found 1 fields, expected 5"],
  ["60 * * * *", 'found minutes "60", expected *, 0 to 59, a range, a step such as */2'],
  ["* 24 * * *", 'found hours "24", expected *, 0 to 23'],
  ["* * 0 * *", 'found day "0", expected *, 1 to 31, a range, a step such as */2, or L'],
  ["* * * foo *", 'found month "foo", expected *, 1 to 12, jan to dec, a range'],
  ["* * * * mo", 'found weekday "mo", expected *, 0 to 7, sun to sat, a range'],
  ["30-10 * * * *", 'found minutes "30-10", expected a range that ends after it begins'],
  ["*/0 * * * *", 'found minutes "*/0", expected a step of at least 1'],
  ["1,,2 * * * *", 'found minutes "", expected *'],
  ["*-5 * * * *", 'found minutes "*-5", expected *'],
  ["-1 * * * *", 'found minutes "-1", expected *'],
  ["1.5 * * * *", 'found minutes "1.5", expected *'],
  ["l * * * *", 'found minutes "l", expected *'],
  ["* * * * *".padEnd(129), "found 129 characters, expected at most 128"],
])("cron %j is refused: %s", (text, expected) => {
  const result = makerOf("UTC").cron(text);
  expect(result).toMatchObject({
    ok: false,
    problems: [{ path: "", problem: expect.stringContaining(expected) }],
  });
});

test("cron: any text is read or refused, and what is read ends", () => {
  const words = fc.stringMatching(/^[*\d,\-/lLa-f]{1,6}$/);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words, { minLength: 4, maxLength: 7 }).map((all) => all.join(" ")),
      ),
      (text) => {
        const result = new ScheduleMaker(new Calendar("UTC")).cron(text);
        if (!result.ok) {
          expect(result.problems[0]?.problem).toMatch(/^found [\s\S]*, expected /);
          return;
        }
        const next = result.value.next(Date.UTC(2026, 5));
        if (next !== undefined) expect(next).toBeGreaterThan(Date.UTC(2026, 5));
      },
    ),
    { numRuns: 2_000 },
  );
});

test.each([
  [{ minutes: "/5" }, ["00:00:00", "00:05:00", "00:10:00"]],
  [{ minutes: 5 }, ["00:05:00", "01:05:00"]],
  [{ hours: "/2" }, ["00:00:00", "02:00:00"]],
  [{ hours: "*" }, ["00:00:00", "01:00:00"]],
  [{ seconds: "/20" }, ["00:00:00", "00:00:20", "00:00:40", "00:01:00"]],
  [{ hours: 1, seconds: "30" }, ["01:00:30"]],
  [{ hours: 1, minutes: "*", seconds: 0 }, ["01:00:00", "01:01:00"]],
] as const)("time_pattern %j: %j", (fields, expected) => {
  const begin = Date.UTC(2026, 5, 1);
  const schedule = made(makerOf("UTC").timePattern(fields));
  const found = occurrences(schedule, begin, begin + 3 * 3_600_000);
  expect(list(found.slice(0, expected.length)).map((at) => at.slice(11, 19))).toEqual(expected);
});

test.each([
  [{}, "", "found none of its keys, expected hours, minutes or seconds"],
  [{ hours: 24 }, "hours", "found 24, expected *, 0 to 23, or a step such as /5"],
  [{ hours: "/24" }, "hours", 'found "/24", expected *, 0 to 23, or a step such as /5'],
  [{ minutes: "/0" }, "minutes", 'found "/0", expected *, 0 to 59, or a step such as /5'],
  [{ seconds: "5/" }, "seconds", 'found "5/", expected *, 0 to 59, or a step such as /5'],
])("time_pattern %j is refused at %j: %s", (fields, path, problem) => {
  expect(makerOf("UTC").timePattern(fields)).toEqual({ ok: false, problems: [{ path, problem }] });
});

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Ho_Chi_Minh",
  "Pacific/Apia",
  "Africa/Cairo",
  "America/Sao_Paulo",
  "Africa/Casablanca",
];
/** Days on which one of the zones sets its clock, and any others. */
const days = fc.oneof(
  fc
    .constantFrom(
      "2026-03-29",
      "2026-10-25",
      "2026-03-08",
      "2026-11-01",
      "2026-10-04",
      "2026-04-05",
      "2011-12-30",
      "2026-04-24",
      "2026-10-30",
      "2018-11-04",
      "2018-02-18",
      "2026-02-15",
      "2026-03-22",
      "2028-02-29",
    )
    .map((date) => Date.parse(date)),
  fc.integer({ min: Date.UTC(2005, 0) / DAY, max: Date.UTC(2045, 0) / DAY }).map((day) => day * DAY),
);

interface Pattern {
  readonly text: string;
  readonly values: readonly number[];
}
const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
function field(min: number, max: number): fc.Arbitrary<Pattern> {
  const value = fc.integer({ min, max });
  return fc.oneof(
    fc.constant({ text: "*", values: range(min, max) }),
    fc
      .integer({ min: 1, max: max - min })
      .map((step) => ({ text: `*/${step}`, values: range(min, max, step) })),
    fc
      .uniqueArray(value, { minLength: 1, maxLength: 3 })
      .map((values) => ({ text: values.join(","), values })),
    fc.tuple(value, value).map(([a, b]) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      return { text: `${low}-${high}`, values: range(low, high) };
    }),
    // The hours that change.
    fc
      .constantFrom("0", "1", "2", "23")
      .filter((text) => Number(text) >= min && Number(text) <= max)
      .map((text) => ({ text, values: [Number(text)] })),
  );
}
const everyDay = { text: "*", values: range(1, 31) };

test("cron is what looking at the wall each minute says, in every zone", () => {
  let total = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      days,
      fc.tuple(
        field(0, 59),
        field(0, 23),
        fc.oneof({ weight: 3, arbitrary: fc.constant(everyDay) }, { weight: 1, arbitrary: field(1, 31) }),
        fc.oneof(
          { weight: 3, arbitrary: fc.constant({ text: "*", values: range(0, 6) }) },
          { weight: 1, arbitrary: field(0, 6) },
        ),
      ),
      (timezone, day, [minute, hour, ofMonth, weekday]) => {
        const matches = (wall: Date) => {
          const byDate = ofMonth.values.includes(wall.getUTCDate());
          const byWeekday = weekday.values.includes(wall.getUTCDay());
          const either = !ofMonth.text.startsWith("*") && !weekday.text.startsWith("*");
          return (
            minute.values.includes(wall.getUTCMinutes()) &&
            hour.values.includes(wall.getUTCHours()) &&
            (either ? byDate || byWeekday : byDate && byWeekday)
          );
        };
        // The first and the last day only show the oracle what was and will be shown.
        const from = day - DAY;
        const until = day + 2 * DAY;
        const minutes = shownMinutes(timezone, from - DAY, until + DAY);
        const isRhythm = minute.text.startsWith("*") || hour.text.startsWith("*");
        const expected = (isRhythm ? rhythm : timesOfDay)(minutes, matches).filter(
          (at) => at >= from && at < until,
        );
        const schedule = cron(timezone, `${minute.text} ${hour.text} ${ofMonth.text} * ${weekday.text}`);
        expect(list(occurrences(schedule, from, until))).toEqual(list(expected));
        total += expected.length;
      },
    ),
    { numRuns: 150 },
  );
  expect(total).toBeGreaterThan(1_000);
});

test("next is after, monotone, and the same whatever was asked before", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      fc.constantFrom(
        "30 2 * * *",
        "*/7 * * * *",
        "15 0,1 * * sun",
        "0 12 29 2 *",
        "*/20 * * * * *",
        "0 0 L * *",
      ),
      fc.array(fc.tuple(days, fc.integer({ min: 0, max: DAY })), { minLength: 2, maxLength: 8 }),
      (timezone, text, moments) => {
        const warm = cron(timezone, text);
        const asked = moments.map(([day, ms]) => day + ms + 0.25);
        const answers = asked.map((after) => ({ after, next: warm.next(after) ?? Number.POSITIVE_INFINITY }));
        for (const { after, next } of answers) {
          expect(next).toBeGreaterThan(after);
          expect(made(new ScheduleMaker(new Calendar(timezone)).cron(text)).next(after)).toBe(next);
        }
        const ordered = answers.toSorted((a, b) => a.after - b.after);
        expect(ordered.map(({ next }) => next)).toEqual(
          ordered.map(({ next }) => next).toSorted((a, b) => a - b),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("lists of times, on some days", () => {
  const schedule = made(makerOf("UTC").times(["07:30", "22:00:15", "07:30"], ["mon", "sun"]));
  expect(schedule.text).toBe("07:30, 22:00:15, 07:30 on mon, sun");
  const begin = Date.UTC(2026, 5, 1);
  expect(list(occurrences(schedule, begin, begin + 7 * DAY))).toEqual([
    "2026-06-01T07:30:00Z",
    "2026-06-01T22:00:15Z",
    "2026-06-07T07:30:00Z",
    "2026-06-07T22:00:15Z",
  ]);
});

test("lists of times are what looking at the wall each minute says, in every zone", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      days,
      fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3, 12, 23), fc.constantFrom(0, 15, 30, 59)), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
      (timezone, day, times, weekdays) => {
        const two = (value: number) => String(value).padStart(2, "0");
        const schedule = made(
          makerOf(timezone).times(
            times.map(([hour, minute]) => `${two(hour)}:${two(minute)}`),
            weekdays,
          ),
        );
        const matches = (wall: Date) =>
          weekdays.includes(WEEKDAYS[wall.getUTCDay()] ?? "sun") &&
          times.some(([hour, minute]) => wall.getUTCHours() === hour && wall.getUTCMinutes() === minute);
        const minutes = shownMinutes(timezone, day - 2 * DAY, day + 3 * DAY);
        const inside = (at: number) => at >= day - DAY && at < day + 2 * DAY;
        expect(list(occurrences(schedule, day - DAY, day + 2 * DAY))).toEqual(
          list(timesOfDay(minutes, matches).filter(inside)),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test("rules that say the same share one schedule", () => {
  const maker = new ScheduleMaker(new Calendar("UTC"));
  expect(made(maker.cron("0 7 * * *"))).toBe(made(maker.cron("0 7 * * *")));
  expect(made(maker.week({ mon: ["06:00-07:00"] }))).not.toBe(
    made(maker.week({ mon: ["06:00-07:00"] }, "end")),
  );
});
