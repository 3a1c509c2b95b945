import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { RestartWatch } from "./restart-watch.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function room() {
  const clock = new VirtualClock();
  const house = { rules: { underWay: [] as string[] }, commands: { pending: 0 } };
  let becomeStale: (problems: []) => void = () => undefined;
  const stale = new Promise<[]>((resolve) => {
    becomeStale = resolve;
  });
  const changes: number[] = [];
  const watch = new RestartWatch({
    ...house,
    clock,
    log: silent,
    data: "/data",
    stale,
    onChange: () => changes.push(changes.length),
  });
  let due = false;
  void watch.due.then(() => {
    due = true;
  });
  return { clock, house, watch, becomeStale: () => becomeStale([]), changes, isDue: () => due };
}

test("nothing is due while the disk holds what was read", async () => {
  const { clock, watch, isDue } = room();
  await clock.advance(3_600_000);
  expect([isDue(), watch.problems, clock.pending]).toEqual([false, [], 0]);
});

test("the gateway starts anew at once when nothing is under way", async () => {
  const { clock, becomeStale, isDue, changes } = room();
  becomeStale();
  await clock.advance(1_000);
  expect([isDue(), changes.length, clock.pending]).toEqual([true, 1, 0]);
});

test("not while a rule is in the middle of something, however long, and it says which", async () => {
  const { clock, house, watch, becomeStale, isDue } = room();
  house.rules.underWay = ["water"];
  house.commands.pending = 1;
  becomeStale();
  await clock.advance(7_200_000);
  expect(isDue()).toBe(false);
  expect(watch.problems).toEqual([
    { code: "restart", where: "/data", problem: expect.stringContaining("(now: the rule water, a command)") },
  ]);
  house.rules.underWay = [];
  await clock.advance(2_000);
  expect(isDue()).toBe(false);
  house.commands.pending = 0;
  await clock.advance(1_000);
  expect(isDue()).toBe(true);
});

test("a stop in between leaves no timer", async () => {
  const { clock, house, watch, becomeStale, isDue } = room();
  house.commands.pending = 1;
  becomeStale();
  await clock.advance(1_000);
  watch[Symbol.dispose]();
  house.commands.pending = 0;
  await clock.advance(10_000);
  expect([isDue(), clock.pending]).toEqual([false, 0]);
});

test("nor does one before the disk came back", async () => {
  const { clock, watch, becomeStale } = room();
  watch[Symbol.dispose]();
  becomeStale();
  await clock.advance(1_000);
  expect(clock.pending).toBe(0);
});
