import { describe, expect, test } from "vitest";
import { AWS_IOT_LIMITS } from "./limits.ts";
import { isFilter, isTopic, matches } from "./topic-filter.ts";

describe("a filter", () => {
  test.each([
    ["a/b", "a/b", true],
    ["a/b", "a/c", false],
    ["a/b", "a/b/c", false],
    ["a/+", "a/b", true],
    ["a/+", "a/b/c", false],
    ["a/+/c", "a/b/c", true],
    ["a/#", "a/b/c", true],
    ["a/#", "a/", true],
    // AWS differs from MQTT 3.1.1 §4.7.1.2 here.
    ["a/#", "a", false],
    ["#", "a/b", true],
    ["#", "$aws/things/x", false],
    ["+/things/x", "$aws/things/x", false],
    ["$aws/#", "$aws/things/x", true],
  ])("%s and %s: %s", (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });

  test.each([
    ["a/+/b", true],
    ["a/#", true],
    ["#", true],
    ["a/#/b", false],
    ["a/b+", false],
    ["a#", false],
    ["", false],
    ["1/2/3/4/5/6/7/8", true],
    ["1/2/3/4/5/6/7/8/9", false],
  ])("%s is well-formed: %s", (filter, expected) => {
    expect(isFilter(filter, AWS_IOT_LIMITS)).toBe(expected);
  });
});

describe("a topic", () => {
  test.each([
    ["a/b", true],
    ["a/+", false],
    ["", false],
    ["x".repeat(256), true],
    ["x".repeat(257), false],
    // 128 characters of two bytes each.
    ["é".repeat(128), true],
    ["é".repeat(129), false],
    ["1/2/3/4/5/6/7/8", true],
    ["1/2/3/4/5/6/7/8/9", false],
    ["$aws/rules/mine/1/2/3/4/5/6/7/8", true],
    ["$aws/rules/mine/1/2/3/4/5/6/7/8/9", false],
    ["$aws/things/gw/shadow/name/pump/update/documents", true],
  ])("%s may be published to: %s", (topic, expected) => {
    expect(isTopic(topic, AWS_IOT_LIMITS)).toBe(expected);
  });
});
