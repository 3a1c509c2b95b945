import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namePattern } from "./name-pattern.ts";

describe("a name pattern", () => {
  it.each([
    ["pump", "pump", true],
    ["pump", "pump2", false],
    ["", "", true],
    ["", "a", false],
    ["*", "", true],
    ["*", "any/thing", true],
    ["a*", "b", false],
    ["*a", "ab", false],
    ["ab*ba", "aba", false],
    ["ab*ba", "abba", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*bc", "abc", false],
    ["a**c", "abc", true],
    ["a.c*", "abc", false],
    ["a*", "a\nb", true],
  ])("%j takes %j: %s", (pattern, name, taken) => {
    expect(namePattern(pattern)(name)).toBe(taken);
  });

  it("takes what a regular expression would", () => {
    const text = (...letters: string[]) =>
      fc.array(fc.constantFrom(...letters), { maxLength: 12, size: "max" }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text("a", "b", "*", "*"), text("a", "b"), (pattern, name) => {
        expect(namePattern(pattern)(name)).toBe(
          new RegExp(`^${pattern.replaceAll(/\*+/g, ".*")}$`, "s").test(name),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  // A regular expression would not end in the life of the machine that runs this.
  it("does not go back over each of many stars", () => {
    expect(namePattern("a*".repeat(31).concat("c"))("a".repeat(62).concat("b"))).toBe(false);
  });
});
