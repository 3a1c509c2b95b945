import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runRuleTest } from "./run-test.ts";
import { parseTestFile } from "./test-file.ts";

const problems = (text: string): string[] =>
  parseTestFile(text).problems.map(({ line, path, problem }) => `${line} ${path}: ${problem}`);

test("a file is a list of tests, or a map of what they have in common", () => {
  const list = parseTestFile("- test: one\n- test: two\n  then: [{ nothing: true }]\n");
  expect(list.tests.map(({ document, line }) => [document.test, line("")])).toEqual([
    ["one", 1],
    ["two", 2],
  ]);
  const map = parseTestFile(
    "start: '07:00'\ngiven: { a/b/c: 1, a/b/d: 2 }\ntests:\n  - test: one\n    given: { a/b/d: 3 }\n    start: '08:00'\n  - test: two\n",
  );
  expect(map.tests.map(({ document }) => document)).toEqual([
    { test: "one", start: "08:00", given: { "a/b/c": 1, "a/b/d": 3 } },
    { test: "two", start: "07:00", given: { "a/b/c": 1, "a/b/d": 2 } },
  ]);
  expect(map.tests[0]?.line("given")).toBe(5);
});

test("a power cut may say how far the clock can be believed after it, which else is a thing of its own", () => {
  expect(problems("- test: one\n  when: [{ power_cut: 1h, clock: untrusted }, { clock: synced }]\n")).toEqual(
    [],
  );
});

describe("what is wrong is told with its line, and the other tests run", () => {
  test.each<[string, string, RegExp]>([
    ["- test: one\n- test: two\n  whne: []\n", "one", /^3 \[1\]\.whne: unknown key; expected test, .*when/],
    [
      "- test: one\n- test: two\n  when:\n  - report: { a: 1 }\n",
      "one",
      /^4 \[1\]\.when\[0\]\.report\.a: .*thing\/node\/name/,
    ],
    [
      "- test: one\n- test: two\n  when:\n  - report: { a/b/c: 1 }\n    restart: true\n",
      "one",
      /found report and restart together/,
    ],
    ["- test: one\n- then: [{ nothing: true }]\n", "one", /^2 \[1\]\.test: missing/],
    [
      "- test: one\n- test: two\n  then: [{ comand: {} }]\n",
      "one",
      /found only comand, expected the key command, no command,/,
    ],
    ["- test: one\n- test: two\n  when: [{ wait: 10 }]\n", "one", /when\[0\]\.wait: found 10, expected text/],
    ["tests:\n- test: one\nstrat: '07:00'\n", "", /^3 strat: unknown key/],
    ["tests: 7\n", "", /^1 tests: found 7, expected a list of tests/],
    ["hello", "", /found "hello", expected a list of tests/],
    ["- test: [\n", "", /^\d : line \d/],
    ["- test: one\n  test: two\n", "", /keys must be unique/],
  ])("%j", (text, sound, expected) => {
    expect(problems(text)[0]).toMatch(expected);
    expect(parseTestFile(text).tests.map(({ document }) => document.test)).toEqual(
      sound === "" ? [] : [sound],
    );
  });
});

describe("hostile files end with a sentence, and soon", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${"bcdefgh"
    .split("")
    .map((name, index) => `${name}: &${name} [${`*${"abcdefgh"[index]}, `.repeat(9)}]\n`)
    .join("")}`;
  test.each([
    [
      "ten megabytes",
      `- test: ${"x".repeat(10 * 1_048_576)}`,
      /found 104857\d\d characters, expected at most 262144/,
    ],
    ["a bomb of aliases", bomb, /alias/i],
    ["lists in lists", `- test: x\n  given: { a/b/c: ${"[".repeat(20_000)} }`, /./],
    ["a thousand and one tests", "- test: x\n".repeat(1_001), /found 1001 tests, expected at most 1000/],
    [
      "ten thousand keys",
      `- test: x\n  given:\n${Array.from({ length: 10_000 }, (_, key) => `    a/b/c${key}: 1\n`).join("")}`,
      /too many keys|expected/,
    ],
    ["a key of the language itself", "- test: x\n  things: { __proto__: pump }\n", /./],
  ])("%s", (_name, text, expected) => {
    const begun = performance.now();
    expect(problems(text)[0] ?? "nothing").toMatch(expected);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

test("whatever a file says, nothing is thrown", () => {
  const word = fc.constantFrom(
    "test",
    "when",
    "then",
    "report",
    "command",
    "no command",
    "at",
    "within",
    "wait",
    "until",
    "clock",
    "power_cut",
    "1m",
    "10s",
    "07:30",
    "a/b/c",
    "a/b",
    "untrusted",
    "given",
    "things",
    "respond",
    "fail",
    "restart",
    "start",
    "x",
  );
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.constantFrom<unknown>(true, false, null, 0, 1, -1, 1e300, ""),
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(word, tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  let ran = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.record(
          { test: word, when: fc.array(value, { maxLength: 3 }), given: value },
          { requiredKeys: ["test"] },
        ),
      ),
      (file) => {
        const { tests, problems: found } = parseTestFile(JSON.stringify(file));
        for (const { line } of found) expect(line).toBeGreaterThan(0);
        for (const one of tests) {
          ran++;
          const rules =
            "- { id: r, triggers: [{ state: { property: a/b/c } }], actions: [{ set: a/b/d, value: 1 }] }";
          const result = runRuleTest(one, {
            sources: [{ file: "r.yaml", text: rules }],
            things: [],
            timezone: "UTC",
          });
          expect(["passed", "failed"]).toContain(result.status);
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(ran).toBeGreaterThan(50);
});
