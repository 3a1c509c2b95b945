import { expect, it } from "vitest";
import { topicMatches } from "./topic-match.ts";

it.each([
  ["a/b", "a/b", true],
  ["a/b", "a/b/c", false],
  ["a/b/c", "a/b", false],
  ["a/+/c", "a/b/c", true],
  ["a/+/c", "a//c", true],
  ["a/+", "a", false],
  ["a/#", "a", true],
  ["a/#", "a/b/c", true],
  ["a/#", "ab", false],
  ["#", "a/b", true],
  // [MQTT-4.7.2-1]
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
  ["$aws/#", "$aws/x", true],
])("%s and %s: %s", (filter, topic, covers) => {
  expect(topicMatches(filter, topic)).toBe(covers);
});
