import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "./evaluation.ts";
import { compilePattern, matches } from "./pattern.ts";

function found(source: string, text: string): boolean | string {
  const pattern = compilePattern(source);
  if (pattern instanceof Failure) return pattern.problem;
  const result = matches(pattern, text, { left: 100_000 });
  return result instanceof Failure ? result.problem : result;
}

describe("what is found", () => {
  test.each([
    ["abc", "xabcx", true],
    ["^abc$", "xabcx", false],
    ["", "", true],
    ["^$", "a", false],
    ["a|b|", "c", true],
    ["^(?:a|bc)+$", "abcabc", true],
    ["^a{2,3}$", "aaaa", false],
    ["^a{2,}$", "aaaa", true],
    ["a{,2}", "a{,2}", true],
    ["^[^a-c]+$", "xyz", true],
    ["[]a]", "]", true],
    ["[a-]", "-", true],
    ["^[\\d\\-x]+$", "1-x", true],
    ["^[\\W]$", "a", false],
    ["\\bcat\\b", "a cat!", true],
    ["\\bcat\\b", "concat", false],
    ["\\Bcat", "concat", true],
    ["^.$", "\n", false],
    ["(?s)^.$", "\n", true],
    ["^.$", "\u{1f600}", true],
    ["(?i)^ALARM [a-z]+$", "alarm OFF", true],
    ["(?i)[^a]", "A", false],
    ["^\\x41\\x{1F600}$", "A\u{1f600}", true],
    ["^(?P<year>\\d{4})-(?<month>\\d\\d)$", "2026-11", true],
    ["a+?b*?", "ab", true],
    ["\\$\\{x\\}", `\${x}`, true],
    ["\\Aab\\z", "ab", true],
  ])("%j in %j: %s", (source, text, expected) => {
    expect(found(source, text)).toBe(expected);
  });
});

describe("what is refused, with its reason", () => {
  test.each([
    ["(a)\\1", "back references cannot be matched in bounded time"],
    ["(?=a)", "looking ahead or behind cannot be matched in bounded time"],
    ["(?<!a)b", "looking ahead or behind cannot be matched in bounded time"],
    ["a(?i)b", "flags stand at the begin"],
    ["\\pL", "classes of Unicode are not known here"],
    ["[[:alpha:]]", "write [a-zA-Z]"],
    ["a**", "two repetitions in a row"],
    ["*a", 'nothing to repeat before "*"'],
    ["a{1001}", "repeats too often"],
    ["a{3,2}", "less than never"],
    ["[b-a]", "ends before it begins"],
    ["[a", '"[" without its "]"'],
    ["(a", '"(" without its ")"'],
    ["a)", '")" without its "("'],
    ["\\", "unknown escape"],
    ["\\q", "unknown escape \\q"],
    ["\\xZZ", "two hexadecimal digits"],
  ])("%s", (source, reason) => {
    expect(found(source, "")).toContain(reason);
  });
});

/** Patterns over three letters, with every kind of node. */
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "^", "$", "\\b", "\\B", "\\w", "c?", ""),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => a + b),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie("node"), fc.constantFrom("*", "+", "?", "*?", "{2}", "{1,3}", "{2,}", "{0}"))
      .map(([a, times]) => `(?:${a})${times}`),
  ),
})).node;

test("JavaScript finds the same", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "c", " ", "\n"), { maxLength: 7 })
    .map((letters) => letters.join(""));
  fc.assert(
    fc.property(pattern, text, (source, written) => {
      expect([source, written, found(source, written)]).toEqual([
        source,
        written,
        new RegExp(source).test(written),
      ]);
    }),
    { numRuns: 3_000 },
  );
});

test("no text breaks the pattern parser", () => {
  const soup = fc.array(fc.constantFrom(..."()[]{}^$.*+?|\\ab1-,:=!<>sdwxP".split("")), { maxLength: 20 });
  fc.assert(
    fc.property(soup, (letters) => {
      const source = letters.join("");
      expect(["boolean", "string"]).toContain(typeof found(source, "ab1"));
    }),
    { numRuns: 3_000 },
  );
});
