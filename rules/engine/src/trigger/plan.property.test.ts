import fc from "fast-check";
import { expect, test } from "vitest";
import { ClockWalk } from "../../testing/clock-walk.ts";
import { Calendar } from "../calendar.ts";
import type { Made, Schedule } from "../schedule/schedule.ts";
import { ScheduleMaker } from "../schedule/schedule-maker.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Altogether wrong, and yet later than 2024. */
const FAR = 600 * DAY;
const LATE = 60 * SECOND;

const maker = new ScheduleMaker(new Calendar("Europe/Berlin"), { latitude: 52.5, longitude: 13.4 });
function made(result: Made<Schedule>): Schedule {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}
/** One of each kind. */
const SCHEDULES: readonly Schedule[] = [
  made(maker.times(["02:30"])),
  made(maker.times(["00:00", "07:30", "23:59:30"], ["mon", "wed", "sun"])),
  made(maker.cron("*/20 * * * *")),
  made(maker.cron("30 2 * * *")),
  made(maker.cron("0 0 29 2 *")),
  made(maker.cron("*/40 * 6 * * *")),
  made(maker.timePattern({ hours: "/3" })),
  made(maker.sun({ event: "sunset", offset: "-30m" })),
  made(maker.week({ daily: ["02:00-02:30", "22:00-03:00"], weekend: ["09:00-24:00"] }, "both")),
];
const POLICIES = ["skip", "once", { catchUpMs: 2 * HOUR }] as const;

type Move =
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "step"; readonly ms: number }
  | { readonly do: "restart" }
  | { readonly do: "cut"; readonly ms: number }
  | { readonly do: "dark"; readonly offMs: number; readonly ms: number };

const spans = fc.constantFrom(SECOND, 29 * SECOND, 61 * SECOND, 10 * MINUTE, HOUR, 3 * HOUR, 26 * HOUR);
const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: spans.map((ms): Move => ({ do: "pass", ms })) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(
        SECOND,
        -SECOND,
        45 * SECOND,
        -HOUR,
        HOUR,
        -7 * HOUR,
        7 * HOUR,
        3 * DAY,
        -3 * DAY,
        FAR,
        -FAR,
      )
      .map((ms): Move => ({ do: "step", ms })),
  },
  { weight: 1, arbitrary: fc.constant<Move>({ do: "restart" }) },
  { weight: 2, arbitrary: spans.map((ms): Move => ({ do: "cut", ms })) },
  { weight: 1, arbitrary: fc.tuple(spans, spans).map(([offMs, ms]): Move => ({ do: "dark", offMs, ms })) },
);

/** What is known of the moments by looking at the line of the wall alone. */
class Ledger {
  /** Those that fired. */
  readonly had = new Set<number>();
  /** Also those that may come again. */
  readonly #ever = new Set<number>();
  readonly schedule: Schedule;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  add(at: number): void {
    this.had.add(at);
    this.#ever.add(at);
  }

  /** Moments in (from, to] that have had no turn; all, or the first and the last few of very many. */
  open(from: number, to: number): number[] {
    const found: number[] = [];
    for (let at = this.schedule.next(from); at !== undefined && at <= to; at = this.schedule.next(at)) {
      if (!this.had.has(at)) found.push(at);
      if (found.length === 40 && to - at > 10 * DAY) at = to - 4 * DAY;
    }
    return found;
  }

  /** The wall shows less than before. Set back by more than a day, what is ahead may come again. */
  back(now: number, before: number): number[] {
    const ahead = [...this.had].filter((at) => at > now);
    if (before - now <= DAY && ![...this.#ever].some((at) => at > now + DAY && at < now + 10 * DAY))
      return [];
    for (const at of ahead) this.had.delete(at);
    return ahead;
  }
}

test("each moment of the wall fires once when it comes, or is accounted for, whatever the clock does", () => {
  let firings = 0;
  let missed = 0;
  let madeUp = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...SCHEDULES),
      fc.constantFrom(...POLICIES),
      fc.constantFrom("2026-03-28T12:00Z", "2026-10-24T12:00Z", "2028-02-28T20:00Z", "2026-06-01T03:20:07Z"),
      fc.array(moves, { minLength: 5, maxLength: 30 }),
      (schedule, onMissed, begin, story) => {
        const gateway = new ClockWalk(schedule, { onMissed }, Date.parse(begin));
        const ledger = new Ledger(schedule);
        /** Told as missed or passed over on the way to a wrong time: may come again when the clock is set right. */
        const maybe = new Set<number>();
        const settle = (from: number, to: number) => {
          const told = gateway.told.splice(0);
          const open = ledger.open(from, to);
          const last = open.at(-1);
          const firm = open.filter((at) => !maybe.has(at));
          // Never more than one for all that was passed over.
          expect(told.length).toBeLessThanOrEqual(1);
          if (last === undefined) return;
          const lateMs = to - last;
          const mayFire =
            lateMs <= LATE ||
            onMissed === "once" ||
            (typeof onMissed === "object" && lateMs <= onMissed.catchUpMs);
          // Of before 2024 no clock was right: other rules hold.
          if (firm.length > 0 && from >= Date.UTC(2024, 0)) {
            expect(told.map(({ outcome }) => outcome)).toEqual([mayFire ? "fire" : "missed"]);
            if (mayFire && lateMs > LATE) madeUp++;
            if (!mayFire) missed++;
          }
          const hasFired = told[0]?.outcome === "fire";
          if (hasFired) ledger.add(last);
          for (const at of open) if (at !== last || !hasFired) maybe.add(at);
        };

        for (const move of story) {
          const from = gateway.now.wall;
          switch (move.do) {
            case "pass": {
              gateway.pass(move.ms);
              const told = gateway.told.splice(0);
              const fired = told.map(({ wall }) => wall);
              expect(told.every(({ outcome }) => outcome === "fire")).toBe(true);
              // On time, and once.
              for (const at of fired) {
                expect(ledger.had.has(at) ? new Date(at).toISOString() : "").toBe("");
                ledger.add(at);
              }
              for (const at of ledger.open(from, gateway.now.wall)) {
                expect(maybe.has(at) ? "" : new Date(at).toISOString()).toBe("");
              }
              firings += fired.length;
              break;
            }
            case "restart":
              gateway.look(true);
              expect(gateway.told).toEqual([]);
              break;
            case "dark": {
              const right = from + move.offMs + move.ms;
              gateway.powerCut(move.offMs, "untrusted", Date.UTC(2020, 0));
              gateway.pass(move.ms);
              expect(gateway.told.splice(0).map(({ outcome }) => outcome)).toEqual(["held"]);
              gateway.set(right, "synced");
              settle(from, right);
              break;
            }
            case "cut":
              gateway.powerCut(move.ms);
              settle(from, gateway.now.wall);
              break;
            case "step": {
              gateway.step(move.ms);
              if (move.ms > 0) settle(from, gateway.now.wall);
              else {
                for (const at of ledger.back(gateway.now.wall, from)) maybe.add(at);
                // Back from where it had been by mistake: what came meanwhile is judged.
                const told = gateway.told.splice(0);
                expect(told.length).toBeLessThanOrEqual(1);
                for (const { outcome, wall } of told) {
                  const open = ledger.open(wall - 400 * DAY, wall);
                  if (outcome === "fire" && open.length > 0) ledger.add(open.at(-1) ?? 0);
                  for (const at of open) maybe.add(at);
                }
              }
              break;
            }
          }
        }
      },
    ),
    { numRuns: 600 },
  );
  expect(firings).toBeGreaterThan(2_000);
  expect(missed).toBeGreaterThan(100);
  expect(madeUp).toBeGreaterThan(100);
});
