import type { CloudCommand } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { requestLife } from "./request-life.ts";

const clock = new VirtualClock();
const now = clock.now();
type Life = Pick<CloudCommand, "givenAt" | "expiresAt" | "ttlMs">;

test.each<[string, Life, number | string]>([
  ["without a time lives as long as it may", {}, 60_000],
  ["is as old as it says", { givenAt: now - 40_000 }, 20_000],
  ["at the last moment", { givenAt: now - 60_000 }, "its time was over"],
  ["is too old", { givenAt: now - 60_001 }, "it is 1 min old"],
  ["from a clock that is a little ahead is as good as new", { givenAt: now + 30_000 }, 60_000],
  [
    "from a clock that is far ahead is refused: it would never be too old",
    { givenAt: now + 3_600_000 },
    "ahead",
  ],
  ["says its own end", { expiresAt: now + 5_000 }, 5_000],
  ["and that may be over", { expiresAt: now - 1 }, "its time was over"],
  ["cannot give itself a longer life", { expiresAt: now + 3_600_000 }, 60_000],
  ["has waited at the broker", { ttlMs: 3_000 }, 3_000],
  ["takes the shortest of all", { givenAt: now - 50_000, expiresAt: now + 20_000, ttlMs: 15_000 }, 10_000],
])("a command %s", (_name, request, expected) => {
  const life = requestLife(request, { clock, ttlMs: 60_000 });
  if (typeof expected === "number") expect(life).toEqual({ ok: true, leftMs: expected });
  else expect(life).toMatchObject({ ok: false, reason: expect.stringContaining(expected) });
});

test.each<[Life, boolean]>([
  [{}, true],
  [{ ttlMs: 1_000 }, true],
  [{ givenAt: now }, false],
  [{ expiresAt: now + 9_000 }, false],
])("while nobody has set the clock, %j passes: %s", (request, passes) => {
  const unsure = new VirtualClock({ trust: "untrusted" });
  expect(requestLife(request, { clock: unsure, ttlMs: 60_000 }).ok).toBe(passes);
});
