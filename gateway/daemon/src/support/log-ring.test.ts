import { expect, test } from "vitest";
import { LogRing, RING_CHARACTERS } from "./log-ring.ts";

test("the latest lines stay, the others go, and one long line does not push out all", () => {
  const ring = new LogRing();
  for (let count = 0; count < 10_000; count++) ring.add(`line ${count}\n`);
  ring.add("x".repeat(1_000_000));
  const lines = ring.lines();
  expect(lines.at(-2)).toBe("line 9999");
  expect(lines.at(-1)?.length).toBe(4_003);
  expect(lines.length).toBeGreaterThan(5_000);
  expect(lines.reduce((sum, line) => sum + line.length, 0)).toBeLessThanOrEqual(RING_CHARACTERS);
});
