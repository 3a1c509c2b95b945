import { expect, it } from "vitest";
import { classesUnder, holding } from "./thrift.ts";

it.each([
  ["metered", "ok", "defer", "metered"],
  ["metered", "near", "defer", "metered"],
  ["metered", "ok", "send", undefined],
  ["metered", "spent", "send", "budget"],
  ["unknown", "ok", "defer", undefined],
  ["unknown", "spent", "send", "budget"],
  ["unmetered", "spent", "defer", undefined],
] as const)("on a line that is %s, with a budget that is %s, %s: %s", (wan, level, whileMetered, held) => {
  expect(holding(wan, level, { whileMetered })).toBe(held);
});

it("only telemetry ever waits", () => {
  expect(classesUnder("budget")).toEqual(["alarm", "reply", "state"]);
  expect(classesUnder(undefined)).toEqual(["alarm", "reply", "state", "telemetry"]);
});
