import { expect, test } from "vitest";
import { ClockWalk } from "../../testing/clock-walk.ts";
import { Calendar } from "../calendar.ts";
import type { Made, Schedule } from "../schedule/schedule.ts";
import { ScheduleMaker } from "../schedule/schedule-maker.ts";
import type { ClockPolicy } from "./plan.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
/** 2026-06-01, a Monday, 06:00. */
const MORNING = Date.UTC(2026, 5, 1, 6);
const maker = new ScheduleMaker(new Calendar("UTC"), { latitude: 51.5, longitude: 0 });

function made(result: Made<Schedule>): Schedule {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}
const daily = made(maker.times(["07:00"]));
const frequent = made(maker.cron("*/5 * * * *"));
const rapid = made(maker.cron("*/10 * * * * *"));
const clock = (at: number) => new Date(at).toISOString().slice(5, 19);

function walk(policy: Partial<ClockPolicy> = {}, { schedule = daily, wall = MORNING } = {}) {
  return new ClockWalk(schedule, policy, wall);
}

test.each([
  ["skip", 59 * SECOND, true],
  ["skip", 61 * SECOND, false],
  ["once", 61 * SECOND, true],
  ["once", 23 * HOUR, true],
  ["once", 400 * DAY, true],
  [{ catchUpMs: 30 * MINUTE }, 30 * MINUTE, true],
  [{ catchUpMs: 30 * MINUTE }, 31 * MINUTE, false],
  // The last moment counts, however many there were.
  [{ catchUpMs: 30 * MINUTE }, 5 * DAY + 10 * MINUTE, true],
] as const)(
  "on_missed %j, seen %d ms late, by a power cut and by a step: fires %j",
  (onMissed, lateMs, fires) => {
    for (const move of ["powerCut", "step"] as const) {
      const gateway = walk({ onMissed });
      gateway[move](HOUR + lateMs);
      expect(gateway.told).toHaveLength(1);
      expect(gateway.told[0]?.outcome).toBe(fires ? "fire" : "missed");
      gateway.told.length = 0;
      gateway.powerCut(SECOND);
      gateway.pass(MINUTE);
      expect(gateway.told).toEqual([]);
      gateway.pass(DAY);
      expect(gateway.fired).toHaveLength(1);
    }
  },
);

test("what is told of missed moments", () => {
  const gateway = walk({ onMissed: "once" });
  gateway.powerCut(3 * HOUR);
  gateway.powerCut(5 * DAY);
  expect(gateway.told.map(({ detail }) => detail)).toEqual([
    "missed 07:00 by 2 h",
    "missed 07:00 5 times, last by 2 h",
  ]);
  const often = walk({}, { schedule: rapid });
  often.sleep(45 * SECOND);
  often.look(false);
  often.powerCut(DAY);
  expect(often.told.map(({ detail }) => detail)).toEqual([
    "stands for cron */10 * * * * * 4 times",
    "stands for cron */10 * * * * * at least 20 times",
  ]);
});

test.each([-SECOND, SECOND, -HOUR, -14 * HOUR, -DAY])(
  "a step of %d ms: each moment of the wall fires once",
  (stepMs) => {
    for (const schedule of [
      daily,
      frequent,
      made(maker.cron("*/7 * * * *")),
      made(maker.sun({ event: "sunrise" })),
    ]) {
      const gateway = walk({}, { schedule });
      gateway.pass(30 * HOUR + 3 * SECOND);
      gateway.step(stepMs);
      gateway.pass(26 * HOUR);
      expect(new Set(gateway.fired).size).toBe(gateway.fired.length);
      const expected: number[] = [];
      for (
        let at = schedule.next(MORNING);
        at !== undefined && at <= gateway.now.wall;
        at = schedule.next(at)
      )
        expected.push(at);
      // A step forward of a second over a moment fires it late; none of these does.
      expect(gateway.fired.map(clock)).toEqual(expected.map(clock));
    }
  },
);

test.each(["skip", "once", { catchUpMs: HOUR }] as const)(
  "ten years ahead by mistake and back, %j: nothing is dark, nothing comes twice",
  (onMissed) => {
    for (const schedule of [daily, frequent]) {
      const gateway = walk({ onMissed }, { schedule });
      gateway.pass(2 * HOUR);
      const before = gateway.fired.length;
      gateway.step(10 * YEAR);
      // At most one for all that was passed over.
      expect(gateway.fired.length - before).toBeLessThanOrEqual(1);
      gateway.pass(3 * DAY);
      gateway.step(-10 * YEAR - 3 * DAY - 30 * SECOND);
      gateway.told.length = 0;
      const back = gateway.now.wall;
      gateway.pass(2 * DAY);
      const expected: number[] = [];
      for (
        let at = schedule.next(back + 30 * SECOND);
        at !== undefined && at <= gateway.now.wall;
        at = schedule.next(at)
      )
        expected.push(at);
      expect(gateway.fired.map(clock)).toEqual(expected.map(clock));
    }
  },
);

test("back from a wrong future, what came meanwhile is judged as missed", () => {
  const gateway = walk({ onMissed: "once" });
  gateway.pass(30 * MINUTE);
  gateway.step(10 * YEAR);
  gateway.told.length = 0;
  gateway.pass(5 * HOUR);
  gateway.step(-10 * YEAR);
  expect(gateway.told.at(-1)).toMatchObject({ outcome: "fire", detail: "missed 07:00 by 4 h 30 min" });
});

test("what was missed because the clock went forward by mistake comes when it is set right", () => {
  const gateway = walk();
  gateway.step(90 * MINUTE);
  expect(gateway.told).toMatchObject([{ outcome: "missed" }]);
  gateway.pass(MINUTE);
  gateway.step(-90 * MINUTE);
  gateway.pass(DAY);
  expect(gateway.fired.map(clock)).toEqual(["06-01T07:00:00"]);
  // But where it was made up for, it has had its turn.
  const other = walk({ onMissed: "once" });
  other.step(90 * MINUTE);
  other.step(-90 * MINUTE);
  other.pass(20 * HOUR);
  expect(other.fired.map(clock)).toEqual(["06-01T07:30:00"]);
});

test("a clock that was a month ahead for two months does not leave a month dark", () => {
  const gateway = walk({}, { wall: MORNING + 30 * DAY });
  gateway.pass(60 * DAY);
  gateway.step(-30 * DAY);
  gateway.told.length = 0;
  gateway.pass(10 * DAY);
  expect(gateway.fired).toHaveLength(10);
});

test.each(["skip", "once", { catchUpMs: HOUR }] as const)(
  "from 1970 to now, %j: no firings of 56 years",
  (onMissed) => {
    const held = new ClockWalk(daily, { onMissed }, 0, "untrusted");
    held.pass(3 * DAY);
    held.set(MORNING + 2 * HOUR, "synced");
    expect(held.fired).toEqual([]);
    held.pass(DAY);
    expect(held.fired).toHaveLength(1);
    // Even when it said that it could be believed, or the rule did not care.
    for (const trust of ["synced", "untrusted"] as const) {
      const gateway = new ClockWalk(daily, { onMissed, whenUntrusted: "run" }, 0, trust);
      gateway.pass(DAY);
      expect(gateway.fired).toHaveLength(1);
      gateway.set(MORNING + 2 * HOUR, "synced");
      expect(gateway.fired).toHaveLength(1);
      gateway.pass(DAY);
      expect(gateway.fired).toHaveLength(2);
    }
  },
);

test("hold: waits for trust, then the right time judges", () => {
  for (const [onMissed, fires] of [
    ["skip", 0],
    ["once", 1],
    [{ catchUpMs: 20 * MINUTE }, 1],
    [{ catchUpMs: 5 * MINUTE }, 0],
  ] as const) {
    const gateway = walk({ onMissed });
    gateway.powerCut(50 * MINUTE, "untrusted", Date.UTC(2020, 0));
    gateway.pass(20 * MINUTE);
    expect(gateway.told.map(({ outcome }) => outcome)).toEqual(["held"]);
    gateway.set(MORNING + 70 * MINUTE);
    expect(gateway.fired).toHaveLength(fires);
  }
});

test("skip: what falls into the time without trust is dropped, what fell into the power cut is judged", () => {
  const dropped = walk({ onMissed: "once", whenUntrusted: "skip" });
  dropped.powerCut(50 * MINUTE, "untrusted", Date.UTC(2020, 0));
  dropped.pass(20 * MINUTE);
  dropped.set(MORNING + 70 * MINUTE);
  expect(dropped.told.at(-1)).toMatchObject({
    outcome: "missed",
    detail: "07:00 fell into the time when the clock was not trusted",
  });
  dropped.pass(DAY);
  expect(dropped.fired).toHaveLength(1);

  const judged = walk({ onMissed: "once", whenUntrusted: "skip" });
  judged.powerCut(70 * MINUTE, "untrusted", Date.UTC(2020, 0));
  judged.pass(20 * MINUTE);
  judged.set(MORNING + 90 * MINUTE);
  expect(judged.fired).toHaveLength(1);
});

test.each([10 * SECOND, 20 * MINUTE])(
  "skip: of moments before and after the boot only the first may fire, seen %d ms after it",
  (darkMs) => {
    const gateway = walk(
      { onMissed: "once", whenUntrusted: "skip" },
      { schedule: frequent, wall: MORNING + MINUTE },
    );
    gateway.powerCut(18 * MINUTE + 55 * SECOND, "untrusted", Date.UTC(2020, 0));
    // The clock of the boot began 20 s before.
    gateway.pass(darkMs);
    gateway.step(MORNING + 19 * MINUTE + 55 * SECOND + darkMs - gateway.now.wall, "synced");
    expect(gateway.fired).toHaveLength(1);
    gateway.look(true);
    expect(gateway.fired).toHaveLength(1);
    gateway.pass(20 * MINUTE);
    expect(gateway.fired).toHaveLength(5);
  },
);

test("skip: a moment just before the boot fires, those since do not follow", () => {
  const gateway = walk({ whenUntrusted: "skip" }, { schedule: rapid });
  gateway.powerCut(MINUTE, "untrusted", Date.UTC(2020, 0));
  gateway.pass(5 * SECOND);
  gateway.set(MORNING + 65 * SECOND);
  expect(gateway.fired).toHaveLength(1);
  gateway.look(true);
  gateway.look(true);
  expect(gateway.fired).toHaveLength(1);
  gateway.pass(5 * SECOND);
  expect(gateway.fired.map(clock)).toEqual(["06-01T06:01:05", "06-01T06:01:10"]);
});

test("run: the wall counts as it is, and what it fired is not missed when it is set right", () => {
  const gateway = walk({ onMissed: "once", whenUntrusted: "run" });
  // The clock comes back as a file left it, 40 minutes behind.
  gateway.powerCut(HOUR, "untrusted", MORNING + 20 * MINUTE);
  gateway.pass(45 * MINUTE);
  expect(gateway.fired.map(clock)).toEqual(["06-01T07:00:00"]);
  gateway.step(40 * MINUTE, "synced");
  gateway.pass(20 * HOUR);
  expect(gateway.fired).toHaveLength(1);
});

test("another schedule, zone or place begins anew", () => {
  const gateway = walk({ onMissed: "once" });
  const { saved } = gateway;
  const other = new ClockWalk(
    made(new ScheduleMaker(new Calendar("Asia/Ho_Chi_Minh")).times(["07:00"])),
    { onMissed: "once" },
    MORNING + 2 * HOUR,
  );
  other.saved = saved;
  other.look(true);
  expect(other.told).toEqual([]);
});

test("a state of a version before goes on", () => {
  const gateway = walk({ onMissed: "once" });
  gateway.saved = JSON.stringify({ at: "07:00", planned: MORNING + HOUR, fired: ["2026-05-31"] });
  gateway.powerCut(2 * HOUR);
  expect(gateway.fired).toHaveLength(1);
});

test("the state stays small, whatever the clock does", () => {
  const gateway = walk({}, { schedule: rapid });
  for (let round = 0; round < 40; round++) {
    gateway.pass(3 * MINUTE);
    gateway.step(((round * 7_919) % 13) * HOUR - 6 * HOUR);
  }
  expect(gateway.saved?.length).toBeLessThan(400);
});
