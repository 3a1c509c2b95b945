import { describe, expect, test } from "vitest";
import { runRuleTest, type TestResult } from "./run-test.ts";
import { parseTestFile } from "./test-file.ts";

const RULES = `
- id: dry
  triggers: [{ numeric: { property: well/level/percent, below: 5 }, for: 1m }]
  actions: [{ set: pump/relay/on, value: false }, { notify: the well is dry, level: warning }]
- id: morning
  triggers: [{ time: "07:30" }]
  actions: [{ set: pump/relay/on, value: true }]
`;
const THINGS = `things:
  pump: { properties: { relay/on: boolean } }
  well: { properties: { level/percent: { type: number, minimum: 0, maximum: 100 }, level/mood: [high, low] } }
`;

/** Runs one test, written as YAML with its keys at the left edge. */
function run(text: string, rules = RULES): TestResult {
  const body = text.trim().replaceAll("\n", "\n    ");
  const { problems, tests } = parseTestFile(`${THINGS}tests:\n  - test: it\n    ${body}\n`);
  expect(problems).toEqual([]);
  const [first] = tests;
  if (first === undefined) throw new Error("no test");
  return runRuleTest(first, { sources: [{ file: "pump.yaml", text: rules }], things: [], timezone: "UTC" });
}

const failures = (result: TestResult): string[] =>
  result.failures.map(({ expected, found, line }) => `${line}: expected ${expected}; found ${found}`);

describe("a test passes", () => {
  test.each([
    [
      "a command at its time, and nothing before",
      `
when:
  - at: 10s
    report: { well/percent: 4 }
  - wait: 59s
  - then:
    - nothing: true
then:
  - command: { pump/on: false }
    at: 1m10s
  - notify: dry
    level: warning
    within: 2m
  - state: { pump/relay/on: false }
exactly: true`,
    ],
    [
      "the morning, by the clock on the wall",
      `
start: "sat 07:00"
timezone: Asia/Ho_Chi_Minh
when:
  - until: "07:29:59"
  - then: [{ no command: pump/on }]
  - until: "07:30"
then:
  - command: { pump/on: true }
    by: morning
  - fired: morning
    times: 1
  - not fired: dry
exactly: true`,
    ],
    [
      "a Thing that does not answer, and one that refuses",
      `
given: { pump/on: true }
respond: { pump: false }
when:
  - report: { well/percent: 1 }
  - wait: 2m
then:
  - command: { pump/on: false }
  - state: { pump/on: true }`,
    ],
    [
      "a restart and a power cut in the middle of a wait",
      `
when:
  - report: { well/percent: 1 }
  - after: 20s
    restart: true
  - after: 10s
    power_cut: 15s
  - then: [{ nothing: true }]
  - wait: 20s
then:
  - command: { pump/on: false }
    within: 20s`,
    ],
    [
      "a Thing that is away",
      `
when:
  - report: { well/percent: 1 }
  - unavailable: well
    after: 30s
  - wait: 10m
  - then: [{ nothing: true }]
  - available: [well]
then: [{ command: { pump/on: false } }, { notify: dry }]
exactly: true`,
    ],
    [
      "a power cut without a clock over the morning, and the right time after it",
      `
start: "07:00"
when:
  - power_cut: 15m
    clock: untrusted
  - wait: 10m
  - clock: synced
  - until: "07:30"
then:
  - command: { pump/on: true }
    at: 30m
exactly: true`,
    ],
    [
      "a clock that steps over the morning",
      `
start: "06:00"
when:
  - clock: { step: 2h }
    at: 1m
  - until: "09:00"
  - then: [{ not fired: [morning, dry] }]
  - clock: untrusted
  - wait: 1d
then: [{ no command: [pump/on] }]`,
    ],
  ])("%s", (_name, text) => {
    expect(failures(run(text))).toEqual([]);
  });
});

describe("a test fails, and says where and why", () => {
  test.each([
    [
      "a command that comes too late",
      "when:\n  - report: { well/percent: 1 }\nthen:\n  - command: { pump/on: false }\n    within: 30s",
      [
        /^9: expected the command pump\/on = false within 30 s of 0:00:00; found nothing of the kind; it comes at 0:01:00$/,
      ],
    ],
    [
      "another value",
      "when:\n  - report: { well/percent: 1 }\n  - wait: 1m\nthen:\n  - command: { pump/on: true }",
      [
        /^10: expected the command pump\/on = true; found pump\/relay\/on = false at 0:01:00 \(dry\); it comes at 7:30:00$/,
      ],
    ],
    [
      "more than is named",
      "exactly: true\nwhen:\n  - report: { well/percent: 1 }\n  - wait: 1m\nthen:\n  - notify: dry",
      [/^6: expected exactly what the checks name; found pump\/relay\/on = false at 0:01:00 \(dry\)$/],
    ],
    [
      "a command named twice that comes once",
      "when:\n  - report: { well/percent: 1 }\n  - wait: 1m\nthen:\n  - command: { pump/on: false }\n  - command: { pump/on: false }",
      [/^11: expected the command pump\/on = false; found pump\/relay\/on = false at 0:01:00/],
    ],
    [
      "what must not be",
      "when:\n  - report: { well/percent: 1 }\n  - wait: 1m\nthen:\n  - no command: { pump/on: false }\n  - no notify: dry\n  - not fired: dry\n  - nothing: true",
      [
        /^10: expected no command pump\/on = false; found/,
        /^11: .*warning: the well/,
        /^12: expected dry not to fire/,
        /^13: /,
      ],
    ],
    ["a state that is not", "then: [{ state: { well/percent: 3 } }]", [/found it is not known$/]],
    [
      "a time that is over",
      "when:\n  - wait: 1m\n  - at: 10s\n    restart: true",
      [/^8: .*it is 0:01:00 already$/],
    ],
    ["a value that no such property has", "given: { well/percent: 200 }", [/^6: .*at most 100/]],
    ["a property that is not", "given: { well/height: 2 }", [/^6: .*unknown property "height" of well/]],
    ["a Thing that is not", "when: [{ unavailable: dog }]", [/unknown Thing "dog"/]],
    ["a day that is not", 'start: "2026-02-30T10:00"', [/^6: expected a moment that is in the calendar/]],
    ["a zone that is not", "timezone: Mars/Olympus", [/^6: expected an IANA time zone/]],
    ["ten years and more", "when: [{ wait: 3650d }, { wait: 3650d }]", [/at most ten years/]],
  ])("%s", (_name, text, expected) => {
    const result = run(text);
    expect(result.status).toBe("failed");
    const found = failures(result);
    expect(found).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern);
  });

  test("rules that cannot run", () => {
    const broken = run("then: [{ nothing: true }]", "- { id: a, triggers: [], actions: [] }");
    expect(failures(broken)[0]).toMatch(/^5: expected sound rules; found pump\.yaml: \[0\]\.triggers/);
    expect(failures(run("then: [{ nothing: true }]", ""))[0]).toMatch(/rules to test; found none/);
  });

  test("with what happened", () => {
    const { elapsedMs, timeline } = run("when:\n  - report: { well/percent: 1 }\nthen: [{ fired: dry }]");
    expect(timeline.map(({ at, rule = "house", text }) => `${at} ${rule} ${text}`)).toEqual([
      "0 house the gateway starts",
      "0 house well/level/percent is 1",
      "0 dry triggers[0] waiting, saw 1: for 1 min",
    ]);
    expect(elapsedMs).toBe(0);
  });
});

test("a test may be skipped, with a reason", () => {
  expect(run("skip: the pump is broken")).toMatchObject({ status: "skipped", reason: "the pump is broken" });
  expect(run("skip: false\nthen: [{ nothing: true }]").status).toBe("passed");
});

test("Things of models and of lists of words", () => {
  const result = run(
    "things: { pump: pump, lamp: { model: dimmable-light, title: Lamp } }\ngiven: { pump/pump/on: true, well/mood: low }\nthen: [{ state: { pump/pump/on: true, well/level/mood: low } }]",
  );
  // The rules set pump/relay/on, which a pump of the model does not have.
  expect(failures(result)[0]).toMatch(/unknown property "relay\/on" of pump/);
  expect(failures(run("things: { pump: rocket }"))[0]).toMatch(
    /^6: .*unknown model "rocket"; expected one of .*pump/,
  );
});
