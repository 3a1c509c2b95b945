import type { Instant } from "@tram/protocol";
import { expect, test } from "vitest";
import { SharedMoment } from "./shared-moment.ts";

test("what happens within a millisecond shares its moment; a step, another trust, or more time makes a new one", () => {
  let now: Instant = { wall: 1_000, monotonic: 5.2, bootId: "b", trust: "synced" };
  const moment = new SharedMoment({ instant: () => now });
  const first = moment.now();
  now = { ...now, monotonic: 5.9 };
  expect(moment.now()).toBe(first);
  for (const next of [
    { ...now, wall: 1_001 },
    { ...now, wall: 1_001, trust: "untrusted" as const },
    // The wall clock was put back, and shows the same once more.
    { ...now, wall: 1_001, trust: "untrusted" as const, monotonic: 7 },
  ]) {
    now = next;
    expect(moment.now()).toBe(next);
  }
});
