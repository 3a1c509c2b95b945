import { expect, test } from "vitest";
import type { NodeStatus } from "./red.ts";
import { StatusLight } from "./status-light.ts";
import { ManualTimers } from "./testing/manual-timers.ts";

const green = (text: string): NodeStatus => ({ fill: "green", shape: "dot", text });

test("a thousand values in a second are some of them and the last", () => {
  const timers = new ManualTimers();
  const shown: string[] = [];
  const light = new StatusLight({ status: ({ text }) => shown.push(text) }, timers);
  for (let n = 1; n <= 1_000; n++) {
    light.show(green(String(n)));
    timers.advance(1);
  }
  timers.advance(1_000);
  expect(shown).toEqual(["1", "250", "500", "750", "1000"]);
  light.show(green("1000"));
  expect(shown).toHaveLength(5);
  light.show(green("end"));
  light[Symbol.dispose]();
  light.show(green("late"));
  expect(shown.at(-1)).toBe("end");
  expect(timers.pending).toBe(0);
});
