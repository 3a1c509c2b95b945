import fc from "fast-check";
import { expect, test } from "vitest";
import { occurrences } from "../../testing/wall-oracle.ts";
import { Calendar } from "../calendar.ts";
import type { Made } from "./schedule.ts";
import { ScheduleMaker } from "./schedule-maker.ts";
import { sunPassage } from "./sun.ts";

const DAY = 86_400_000;
const MINUTE = 60_000;
const HANOI = { latitude: 21.0285, longitude: 105.8542 };
const TROMSO = { latitude: 69.1044, longitude: 18.0594 };
const OSLO = { latitude: 59.9127, longitude: 10.7461 };
const QUITO = { latitude: -0.18, longitude: -78.47 };
const LONDON = { latitude: 51.4733, longitude: -0.0008333 };

function made<Part>(result: Made<Part>): Part {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

function passage(
  place: { latitude: number; longitude: number },
  event: "dawn" | "sunrise" | "sunset" | "dusk",
  date: string,
) {
  return sunPassage(place, event, Date.parse(date) / DAY);
}

test.each([
  // Tables of AccurateTimes for a place near Tromsø (CET), with the first and last days around the polar day.
  [TROMSO, "2010-01-15", "sunrise", "10:58:19+01:00"],
  [TROMSO, "2010-01-15", "sunset", "12:56:40+01:00"],
  [TROMSO, "2010-03-20", "sunrise", "05:48:14+01:00"],
  [TROMSO, "2010-03-20", "sunset", "18:04:26+01:00"],
  [TROMSO, "2010-05-16", "sunrise", "00:59:46+01:00"],
  [TROMSO, "2010-05-16", "sunset", "22:36:25+01:00"],
  [TROMSO, "2010-07-27", "sunrise", "01:00:03+01:00"],
  [TROMSO, "2010-09-22", "sunset", "17:51:29+01:00"],
  [TROMSO, "2010-11-08", "sunrise", "08:41:19+01:00"],
  // Tables of timeanddate.com for Oslo.
  [OSLO, "2023-01-01", "dawn", "08:22:09+01:00"],
  [OSLO, "2023-01-01", "sunrise", "09:18:34+01:00"],
  [OSLO, "2023-01-01", "sunset", "15:22:33+01:00"],
  [OSLO, "2023-01-01", "dusk", "16:18:59+01:00"],
  [OSLO, "2023-03-20", "dawn", "05:38:28+01:00"],
  [OSLO, "2023-03-20", "sunrise", "06:19:50+01:00"],
  [OSLO, "2023-03-20", "sunset", "18:30:41+01:00"],
  [OSLO, "2023-03-20", "dusk", "19:12:13+01:00"],
  // The same for London, in whole minutes.
  [LONDON, "2015-12-01", "dawn", "07:04:00Z"],
  [LONDON, "2015-12-12", "dawn", "07:16:00Z"],
  [LONDON, "2015-12-25", "dawn", "07:25:00Z"],
  // And for Quito, 2,850 m high, at the solstices and equinoxes.
  [QUITO, "2017-12-21", "sunrise", "06:08:30-05:00"],
  [QUITO, "2017-12-21", "sunset", "18:16:30-05:00"],
  [QUITO, "2018-03-21", "sunrise", "06:18:00-05:00"],
  [QUITO, "2017-06-21", "sunset", "18:19:30-05:00"],
  [QUITO, "2017-09-21", "sunrise", "06:04:00-05:00"],
] as const)("%j %s %s at %s, within a minute of published tables", (place, date, event, time) => {
  const found = passage(place, event, date);
  expect(Math.abs(Number(found) - Date.parse(`${date}T${time}`))).toBeLessThan(MINUTE);
});

test("the polar day and night have no rise and no set, and the search goes on to the next", () => {
  expect(passage(TROMSO, "sunset", "2010-06-21")).toBe("above");
  expect(passage(TROMSO, "dusk", "2010-06-21")).toBe("above");
  expect(passage(TROMSO, "sunrise", "2010-12-21")).toBe("below");
  expect(passage(TROMSO, "dawn", "2010-12-21")).toEqual(expect.any(Number));
  const maker = new ScheduleMaker(new Calendar("Europe/Oslo"), TROMSO);
  const rises = made(maker.sun({ event: "sunrise" }));
  const sets = made(maker.sun({ event: "sunset" }));
  // The tables: no sunset from 20 May until 23 July, the first sunrise of the year on 12 January.
  expect(new Date(sets.next(Date.UTC(2010, 5, 1)) ?? 0).toISOString()).toMatch(/^2010-07-2[234]/);
  expect(new Date(rises.next(Date.UTC(2010, 11, 1)) ?? 0).toISOString()).toMatch(/^2011-01-1[123]/);
  for (const latitude of [90, -90, 89.9]) {
    const pole = new ScheduleMaker(new Calendar("UTC"), { latitude, longitude: 0 });
    const next = made(pole.sun({ event: "sunrise" })).next(Date.UTC(2026, 0));
    expect(next === undefined || next > Date.UTC(2026, 0)).toBe(true);
  }
});

test("an offset moves the event, over midnight too", () => {
  const maker = new ScheduleMaker(new Calendar("Asia/Ho_Chi_Minh"), HANOI);
  const from = Date.UTC(2026, 5, 1);
  const plain = occurrences(made(maker.sun({ event: "sunset" })), from, from + 10 * DAY);
  expect(plain).toHaveLength(10);
  for (const [offset, ms] of [
    ["-30m", -30 * MINUTE],
    ["1h30m", 90 * MINUTE],
    ["12h", 720 * MINUTE],
    ["-12h", -720 * MINUTE],
  ] as const) {
    const moved = occurrences(made(maker.sun({ event: "sunset", offset })), from + ms, from + 10 * DAY + ms);
    expect(moved).toEqual(plain.map((at) => at + ms));
  }
  expect(made(maker.sun({ event: "sunset", offset: "-30m" })).text).toBe("30m before sunset");
});

test("each event comes once a day, later than the one before, wherever the place and the time zone", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -65, max: 65, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.constantFrom("dawn", "sunrise", "sunset", "dusk"),
      fc.integer({ min: Date.UTC(1980, 0), max: Date.UTC(2080, 0) }),
      (latitude, longitude, event, from) => {
        const schedule = made(new ScheduleMaker(new Calendar("UTC"), { latitude, longitude }).sun({ event }));
        const found = occurrences(schedule, from, from + 30 * DAY);
        if (Math.abs(latitude) < 60) expect(found.length).toBeGreaterThanOrEqual(29);
        for (const [index, at] of found.entries()) {
          const before = found[index - 1];
          expect(at).toBeGreaterThan(from - 1);
          if (before !== undefined && at - before < 5 * DAY)
            expect(at - before).toBeGreaterThan(22 * 3_600_000);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  [
    { after: { event: "sunset" }, before: { event: "sunrise" } },
    ["20:00", "23:59", "00:01", "04:00"],
    ["06:00", "12:00", "18:00"],
  ],
  [
    { after: { event: "sunrise" }, before: { event: "sunset" } },
    ["06:00", "12:00", "18:00"],
    ["20:00", "00:01", "04:00"],
  ],
  [{ after: { event: "sunset" } }, ["19:00", "23:59"], ["00:01", "12:00"]],
  [{ before: { event: "sunrise" } }, ["00:01", "05:00"], ["12:00", "23:59"]],
  [
    { after: { event: "sunset", offset: "-1h" }, before: { event: "sunset", offset: "1h" } },
    ["18:00", "19:00"],
    ["17:00", "20:00", "04:00"],
  ],
  [
    { after: { event: "sunset", offset: "1h" }, before: { event: "sunset", offset: "-1h" } },
    ["20:00", "04:00", "17:00"],
    ["18:00", "19:00"],
  ],
  // Thirteen and a half hours of day: nothing is both this long after and before.
  [
    { after: { event: "sunrise", offset: "8h" }, before: { event: "sunset", offset: "-8h" } },
    [],
    ["06:00", "12:00", "13:00", "20:00", "02:00"],
  ],
] as const)("Hanoi in June, %j: inside at %j, outside at %j", (bounds, inside, outside) => {
  const window = made(new ScheduleMaker(new Calendar("Asia/Ho_Chi_Minh"), HANOI).sunWindow(bounds));
  for (const time of inside)
    expect([time, window.isInside(Date.parse(`2026-06-21T${time}+07:00`))]).toEqual([time, true]);
  for (const time of outside)
    expect([time, window.isInside(Date.parse(`2026-06-21T${time}+07:00`))]).toEqual([time, false]);
});

test("night and day share out all time, in the polar day and night too", () => {
  const maker = new ScheduleMaker(new Calendar("Europe/Oslo"), TROMSO);
  const night = made(maker.sunWindow({ after: { event: "sunset" }, before: { event: "sunrise" } }));
  const day = made(maker.sunWindow({ after: { event: "sunrise" }, before: { event: "sunset" } }));
  for (let at = Date.UTC(2026, 5, 10); at < Date.UTC(2026, 5, 12); at += 20 * MINUTE) {
    expect([night.isInside(at), day.isInside(at)]).toEqual([false, true]);
    expect([night.isInside(at + 183 * DAY), day.isInside(at + 183 * DAY)]).toEqual([true, false]);
  }
  for (let at = Date.UTC(2026, 1, 1); at < Date.UTC(2026, 4, 10); at += 50 * MINUTE) {
    expect(night.isInside(at)).toBe(!day.isInside(at));
  }
});

test("what is wrong is told with its place", () => {
  const maker = new ScheduleMaker(new Calendar("UTC"), HANOI);
  expect(maker.sun({ event: "dusk", offset: "13h" })).toEqual({
    ok: false,
    problems: [{ path: "offset", problem: 'found "13h", expected a duration of at most 12h, such as -30m' }],
  });
  expect(
    maker.sunWindow({ after: { event: "dusk" }, before: { event: "dawn", offset: "-2d" } }),
  ).toMatchObject({
    problems: [{ path: "before.offset" }],
  });
  expect(maker.sunWindow({})).toMatchObject({
    problems: [{ problem: "found none of its keys, expected after or before" }],
  });
  expect(new ScheduleMaker(new Calendar("UTC")).sun({ event: "dusk" })).toEqual({
    ok: false,
    problems: [
      {
        path: "",
        problem: "the sun needs to know where the gateway is: gateway.latitude and gateway.longitude",
      },
    ],
  });
});
