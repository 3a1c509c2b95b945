import { expect, test } from "vitest";
import type { Availability } from "../thing.ts";
import { homieState, parseHomieState } from "./state.ts";

test.each<Availability>(["init", "ready", "disconnected", "sleeping", "lost"])(
  "%s is a word of Homie",
  (state) => {
    expect(parseHomieState(homieState(state))).toBe(state);
  },
);

test("`unknown` is ours alone: others see `init`", () => {
  expect(homieState("unknown")).toBe("init");
  expect(parseHomieState("unknown")).toBeUndefined();
});

test.each(["", "READY", "alert", "ready ", "constructor"])("%j is no state", (payload) => {
  expect(parseHomieState(payload)).toBeUndefined();
});
