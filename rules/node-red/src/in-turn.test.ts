import { expect, test } from "vitest";
import { InTurn } from "./in-turn.ts";
import { ManualTimers } from "./testing/manual-timers.ts";

function turns() {
  const timers = new ManualTimers();
  const told: string[] = [];
  const all = new InTurn({ timers, most: 2, oldestMs: 5_000 });
  const ends: (() => void)[] = [];
  const push = (name: string): void => {
    const act = (): Promise<void> => {
      told.push(name);
      return new Promise((resolve) => ends.push(resolve));
    };
    all.push(act, (why) => told.push(`${name}: ${why}`));
  };
  const end = async (): Promise<void> => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { all, end, push, timers, told };
}

test("one after another, in the order in which they came; more than may wait are told at once", async () => {
  const { end, push, told } = turns();
  for (const name of ["a", "b", "c", "d"]) push(name);
  expect(told).toEqual(["a", "d: too-many"]);
  await end();
  await end();
  await end();
  expect(told).toEqual(["a", "d: too-many", "b", "c"]);
  push("e");
  expect(told.at(-1)).toBe("e");
});

test("what waited for too long is not begun, and what came later is", async () => {
  const { end, push, timers, told } = turns();
  push("a");
  push("old");
  timers.advance(5_000);
  push("new");
  timers.advance(1);
  await end();
  expect(told).toEqual(["a", "old: too-old", "new"]);
});

test("closing begins nothing more", async () => {
  const { all, end, push, told } = turns();
  push("a");
  push("b");
  all[Symbol.dispose]();
  push("c");
  await end();
  expect(told).toEqual(["a", "b: closed", "c: closed"]);
});
