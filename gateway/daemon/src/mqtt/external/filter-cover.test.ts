import { matches, type TopicFilter, type TopicName } from "@tram/broker";
import fc from "fast-check";
import { expect, test } from "vitest";
import { covers } from "./filter-cover.ts";

test.each([
  ["homie/5/#", "homie/5/a/+/b", true],
  ["homie/5/#", "homie/5", true],
  ["homie/5/#", "homie/+/a", false],
  ["a/+", "a/b", true],
  ["a/+", "a/+", true],
  ["a/+", "a/#", false],
  ["a/b", "a/b/c", false],
  ["a/+", "a", false],
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
])("%s covers %s: %s", (wide, narrow, expected) => {
  expect(covers(wide, narrow)).toBe(expected);
});

test("what is covered is matched", () => {
  const level = fc.constantFrom("a", "b", "", "$s");
  const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
  const filter = fc
    .tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([levels, open]) => [...levels, ...(open ? ["#"] : [])].join("/"));
  fc.assert(
    fc.property(filter, filter, topic, (wide, narrow, name) => {
      if (!covers(wide, narrow) || !matches(narrow as TopicFilter, name as TopicName)) return;
      expect(matches(wide as TopicFilter, name as TopicName)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
