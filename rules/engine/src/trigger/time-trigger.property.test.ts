import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { MORNING, Scenario } from "../../testing/scenario.ts";
import { rhythm, shownMinutes, timesOfDay } from "../../testing/wall-oracle.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** One of each kind that comes in the first hours of the story. */
const TRIGGERS = {
  time: { time: { at: ["07:00", "23:30"], weekdays: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] } },
  cron: { cron: "0 7,12 * * *" },
  rhythm: { cron: "*/30 * * * *" },
  sun: { sun: { event: "sunset", offset: "-1h" } },
  pattern: { time_pattern: { hours: "/2" } },
  schedule: { schedule: { on: "both", week: { daily: ["07:00-08:30", "22:00-06:30"] } } },
} as const;
const KINDS = Object.keys(TRIGGERS) as (keyof typeof TRIGGERS)[];
const POLICIES = ["skip", "once", { catch_up: "30m" }] as const;
const UNTRUSTED = ["hold", "run", "skip"] as const;
const HANOI = { latitude: 21.03, longitude: 105.85 };

function rules(kind: keyof typeof TRIGGERS, onMissed: unknown, whenUntrusted: string): string {
  return stringify([
    {
      id: "clock",
      mode: "parallel",
      max: 100,
      on_missed: onMissed,
      when_untrusted: whenUntrusted,
      triggers: [{ id: "t", ...TRIGGERS[kind] }],
      actions: [{ notify: "now" }],
    },
    {
      id: "durations",
      triggers: [{ id: "open", state: { property: "door/contact/open", to: true }, for: "10m" }],
      actions: [{ notify: "open" }, { delay: "20m" }, { notify: "later" }],
    },
  ]);
}

type Move = (gateway: Scenario) => void;
const spans = [SECOND, 59 * SECOND, 61 * SECOND, 10 * MINUTE, HOUR, 5 * HOUR, 26 * HOUR];
const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...spans).map(
      (ms): Move =>
        (gateway) =>
          gateway.advance(ms),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(SECOND, -SECOND, HOUR, -HOUR, 10 * 365 * DAY, -10 * 365 * DAY, -MORNING),
        fc.constantFrom("untrusted", "holdover", "synced", "synced"),
      )
      .map(
        ([ms, trust]): Move =>
          (gateway) =>
            gateway.clock(ms, trust),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...spans), fc.constantFrom("untrusted", "synced")).map(
      ([ms, trust]): Move =>
        (gateway) =>
          gateway.powerCut(ms, { trust }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Move>((gateway) => gateway.restart()) },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (open): Move =>
        (gateway) =>
          void gateway.report("door/contact/open", open),
    ),
  },
);

test("crash anywhere, of every kind and policy: what was kept as JSON goes on exactly as if nothing had happened", () => {
  let effects = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...KINDS),
      fc.constantFrom(...POLICIES),
      fc.constantFrom(...UNTRUSTED),
      fc.array(moves, { minLength: 5, maxLength: 25 }),
      (kind, onMissed, whenUntrusted, story) => {
        const text = rules(kind, onMissed, whenUntrusted);
        const steady = new Scenario(text, { place: HANOI });
        const crashing = new Scenario(text, { place: HANOI, crashing: true });
        expect(steady.program.broken).toEqual([]);
        for (const move of story) {
          move(steady);
          move(crashing);
          expect(crashing.effects).toEqual(steady.effects);
        }
        expect(Object.fromEntries(crashing.saved)).toEqual(Object.fromEntries(steady.saved));
        effects += steady.effects.length;
      },
    ),
    { numRuns: 150 },
  );
  expect(effects).toBeGreaterThan(300);
});

const STEPS = {
  "+1 s": SECOND,
  "-1 s": -SECOND,
  "-1 h": -HOUR,
  "+10 years": 10 * 365 * DAY,
  "1970 to now": "1970",
} as const;
const corpus = KINDS.flatMap((kind) =>
  POLICIES.flatMap((onMissed) =>
    (Object.keys(STEPS) as (keyof typeof STEPS)[]).map((step) => ({ kind, onMissed, step })),
  ),
);

test.each(corpus)(
  "$kind, on_missed $onMissed, $step, with a crash after each step: no moment twice, none lost",
  ({ kind, onMissed, step }) => {
    const change = STEPS[step];
    const begin = change === "1970" ? 0 : MORNING;
    const gateway = new Scenario(rules(kind, onMissed, "hold"), {
      place: HANOI,
      wall: begin,
      trust: change === "1970" ? "untrusted" : "synced",
      crashing: true,
    });
    const { schedule } = scheduleOf(gateway);
    const fired = () =>
      gateway.traces.filter(({ rule, trace }) => rule === "clock" && trace.outcome === "fired").length;
    const due = (from: number, to: number): number => {
      let count = 0;
      for (let at = schedule.next(from); at !== undefined && at <= to; at = schedule.next(at)) count++;
      return count;
    };
    gateway.report("door/contact/open", true);
    gateway.advance(31 * HOUR + 7 * SECOND);
    const before = fired();
    expect(before).toBe(change === "1970" ? 0 : due(begin, gateway.now.wall));
    const from = gateway.now.wall;

    gateway.clock(change === "1970" ? MORNING + 31 * HOUR + 7 * SECOND - from : change, "synced");
    const after = gateway.now.wall;
    const passed = change !== "1970" && after > from ? due(from, after) : 0;
    const atOnce = fired() - before;
    expect(atOnce).toBeLessThanOrEqual(Math.min(1, passed));
    // What passed within the minute fires in any case, the rest by the rule's policy.
    if (passed > 0 && (due(after - MINUTE, after) > 0 || onMissed === "once")) expect(atOnce).toBe(1);
    if (passed > 0 && atOnce === 0) {
      expect(gateway.traces.some(({ trace }) => trace.trigger === "t" && trace.outcome === "cancelled")).toBe(
        true,
      );
    }
    gateway.advance(50 * HOUR);
    // A wall that went back shows again what has had its turn.
    expect(fired() - before - atOnce).toBe(due(Math.max(from, after), gateway.now.wall));
  },
);

test.each(Object.keys(STEPS) as (keyof typeof STEPS)[])(
  "%s: delays and for take as long as they say",
  (step) => {
    const change = STEPS[step];
    for (const crashing of [false, true]) {
      for (const early of [MINUTE, 9 * MINUTE, 15 * MINUTE, 29 * MINUTE]) {
        const gateway = new Scenario(rules("cron", "skip", "hold"), {
          place: HANOI,
          crashing,
          ...(change === "1970" ? { wall: 0, trust: "untrusted" } : {}),
        });
        const durations = () => gateway.raw.filter(({ rule }) => rule === "durations").length;
        gateway.report("door/contact/open", true);
        gateway.advance(early);
        gateway.clock(change === "1970" ? MORNING : change, "synced");
        const at = (ms: number, count: number) => {
          gateway.advance(ms - early - spent);
          spent = ms - early;
          expect(durations()).toBe(count);
        };
        let spent = 0;
        if (early < 10 * MINUTE) at(10 * MINUTE - 1, 0);
        if (early < 10 * MINUTE) at(10 * MINUTE, 1);
        at(30 * MINUTE - 1, 1);
        at(30 * MINUTE, 2);
      }
    }
  },
);

test.each([
  ["2026-03-28T18:00Z", "spring forward"],
  ["2026-10-24T18:00Z", "fall back"],
])(
  "daylight saving from %s (%s), with a crash after each step: times come once a day, rhythms as time passes",
  (begin) => {
    const from = Date.parse(begin);
    const minutes = shownMinutes("Europe/Berlin", from - DAY, from + 4 * DAY);
    const clock = (wall: Date) => wall.toISOString().slice(11, 16);
    const expected = {
      time: timesOfDay(minutes, (wall) => ["07:00", "23:30"].includes(clock(wall))),
      cron: timesOfDay(minutes, (wall) => ["07:00", "12:00"].includes(clock(wall))),
      rhythm: rhythm(minutes, (wall) => wall.getUTCMinutes() % 30 === 0),
      pattern: rhythm(minutes, (wall) => wall.getUTCMinutes() === 0 && wall.getUTCHours() % 2 === 0),
      schedule: timesOfDay(minutes, (wall) => ["07:00", "08:30", "22:00", "06:30"].includes(clock(wall))),
    };
    for (const [kind, moments] of Object.entries(expected)) {
      const options = { wall: from, timezone: "Europe/Berlin", place: HANOI, crashing: true };
      const gateway = new Scenario(rules(kind as keyof typeof expected, "once", "hold"), options);
      gateway.advance(3 * DAY);
      const fired = gateway.traces
        .filter(({ trace }) => trace.outcome === "fired")
        .map(({ trace }) => trace.time);
      expect([kind, fired]).toEqual([kind, moments.filter((at) => at > from && at <= from + 3 * DAY)]);
    }
  },
);

function scheduleOf(gateway: Scenario) {
  for (const rule of gateway.program.rules.values()) {
    for (const trigger of rule.triggers) if (trigger.kind === "time") return trigger;
  }
  throw new Error("there is no schedule");
}
