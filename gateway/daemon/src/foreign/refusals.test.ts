import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { listeningLog } from "../mqtt/listeners/testing/door.ts";
import { OwnerRates } from "./owner-rates.ts";
import { Refusals } from "./refusals.ts";

test("each refusal is told once, cut, and at a bounded rate for each account", async () => {
  const clock = new VirtualClock();
  const { lines, log } = listeningLog();
  const refusals = new Refusals(log, new OwnerRates(clock), { text: "refused" });
  expect(refusals.tell("loud", "w".repeat(100_000), "p".repeat(100_000))).toBe(true);
  expect(refusals.tell("loud", "w".repeat(100_000), "p".repeat(200_000))).toBe(false);
  expect(lines.join().length).toBeLessThan(600);
  for (let count = 0; count < 10_000; count++) refusals.tell("loud", "topic", `problem ${count % 2}`);
  expect(lines).toHaveLength(64);
  expect(refusals.tell("quiet", "topic", "problem 0")).toBe(true);
  await clock.advance(1_000);
  expect(refusals.tell("loud", "topic", "problem 2")).toBe(true);
});
