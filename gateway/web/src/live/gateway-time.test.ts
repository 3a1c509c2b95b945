import { expect, it } from "vitest";
import { createGatewayTime } from "./gateway-time.ts";

function parts() {
  const state = { monotonic: 1_000, wall: 50_000, ticks: [] as (() => void)[], periodMs: 0 };
  const time = createGatewayTime({
    monotonic: () => state.monotonic,
    wall: () => state.wall,
    every(periodMs, run) {
      state.periodMs = periodMs;
      state.ticks.push(run);
      return () => {
        state.ticks = state.ticks.filter((each) => each !== run);
      };
    },
  });
  return { state, time };
}

it("follows the gateway's clock, whatever this device's clock does", () => {
  const { state, time } = parts();
  expect(time.now()).toBe(50_000);
  time.set("2026-03-01T08:00:00.000Z");
  state.monotonic += 2_500;
  state.wall = 0;
  expect(time.now()).toBe(Date.parse("2026-03-01T08:00:02.500Z"));
  time.set("nonsense");
  expect(time.now()).toBe(Date.parse("2026-03-01T08:00:02.500Z"));
});

it("ticks once a second for all listeners together, and only while there are any", () => {
  const { state, time } = parts();
  const heard: string[] = [];
  const endA = time.subscribe(() => heard.push("a"));
  const endB = time.subscribe(() => heard.push("b"));
  expect([state.ticks.length, state.periodMs]).toEqual([1, 1_000]);
  state.ticks[0]?.();
  expect(heard).toEqual(["a", "b"]);
  endA();
  expect(state.ticks).toHaveLength(1);
  endB();
  expect(state.ticks).toHaveLength(0);
  time.subscribe(() => undefined);
  expect(state.ticks).toHaveLength(1);
});
