import type { ThingRecord } from "@tram/core";
import { expect, test } from "vitest";
import { keyframeBlocks } from "./keyframe.ts";
import { tank } from "./testing/journal-house.ts";

test("what is known is written between the turns of the event loop", async () => {
  const things = Array.from(
    { length: 2_000 },
    (_, index): ThingRecord => ({
      thing: tank(`tank-${index}`),
      source: "module:sim",
      availability: "ready",
    }),
  );
  let turns = 0;
  let counting = setImmediate(function next() {
    turns++;
    counting = setImmediate(next);
  });
  const stamp = { seq: 1, wall: 0, monotonic: 0, trust: "synced" } as const;
  let bytes = 0;
  for await (const block of keyframeBlocks({ run: 1, bootId: "boot-1" }, { things, readings: [] }, stamp)) {
    bytes += block.content.length;
  }
  clearImmediate(counting);
  expect(bytes).toBeGreaterThan(2_000);
  expect(turns).toBeGreaterThanOrEqual(25);
});
