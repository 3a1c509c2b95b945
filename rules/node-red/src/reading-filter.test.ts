import { expect, test } from "vitest";
import type { PropertyValue } from "./live-message.ts";
import { ReadingFilter } from "./reading-filter.ts";

const at = (second: number, value: unknown, quality: PropertyValue["quality"] = "good"): PropertyValue => ({
  value,
  quality,
  time: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`,
});
const keys = (news: readonly (readonly [string, PropertyValue])[]): string[] => news.map(([key]) => key);

test("after a lost connection what changed meanwhile is news, and nothing else", () => {
  const filter = new ReadingFilter({ initial: false, goodOnly: true, changesOnly: false });
  expect(filter.snapshot([["a/a", at(1, 1)]])).toEqual([]);
  expect(filter.live("a/a", at(2, 2))).toBe(true);
  // Once more, for its target changed.
  expect(filter.live("a/a", at(2, 2))).toBe(false);
  const later = [
    ["a/a", at(2, 2)],
    ["a/b", at(1, 5)],
    ["a/c", at(1, 5, "stale")],
  ] as const;
  expect(keys(filter.snapshot(later))).toEqual(["a/b"]);
  expect(keys(filter.snapshot([["a/a", at(3, 2)]]))).toEqual(["a/a"]);
});

test("what is there at the start is news where that is wanted", () => {
  const filter = new ReadingFilter({ initial: true, goodOnly: false, changesOnly: true });
  expect(keys(filter.snapshot([["a/a", at(1, 1, "bad")]]))).toEqual(["a/a"]);
  expect(filter.live("a/a", at(2, 1, "bad"))).toBe(false);
  expect(filter.live("a/a", at(3, 1, "good"))).toBe(true);
  expect(filter.live("a/a", at(4, { x: 1 }))).toBe(true);
  expect(filter.live("a/a", at(5, { x: 1 }))).toBe(false);
});
