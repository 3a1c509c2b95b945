import { expect, test } from "vitest";
import { READINGS_PER_CROSSING, readings, THINGS, THRESHOLD } from "./scenario.ts";

test("a reading changes the side of the threshold when it is a crossing, and only then", () => {
  const side = new Map<number, boolean>();
  let crossings = 0;
  let count = 0;
  const wanted = 3 * THINGS;
  for (const { thing, payload, crossing } of readings()) {
    count++;
    const isAbove = Number(payload) > THRESHOLD;
    expect(Number(payload)).not.toBe(THRESHOLD);
    expect(isAbove !== (side.get(thing) ?? false)).toBe(crossing !== undefined);
    if (crossing !== undefined) {
      expect(crossing).toBe(isAbove);
      crossings++;
    }
    side.set(thing, isAbove);
    if (crossings === wanted) break;
  }
  expect(count).toBe(wanted * READINGS_PER_CROSSING);
  expect(side.size).toBe(THINGS);
});
