import type { Thing } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { compile } from "../compile.ts";
import { lintProgram } from "./index.ts";

const THINGS: readonly Thing[] = [
  {
    id: "well",
    title: "Well",
    properties: {
      "level/percent": { type: "integer", unit: "%", minimum: 0, maximum: 100 },
      "level/mood": { type: "string", enum: ["high", "low"] },
      "level/temperature": { type: "number", unit: "°C" },
    },
  },
  { id: "pump", title: "Pump", properties: { "relay/on": { type: "boolean" } } },
];

/** What is found in rules whose ids are `a`, `b` and so on, in the order they are given. */
function lint(...rules: readonly string[]): string[] {
  const text = rules
    .map((rule, index) => `- id: ${"abcdef"[index]}\n  ${rule.trim().replaceAll("\n", "\n  ")}`)
    .join("\n");
  const house = { thing: (id: string) => THINGS.find((one) => one.id === id) };
  const program = compile([{ file: "r.yaml", text }], { house, timezone: "UTC" });
  expect(program.broken).toEqual([]);
  return lintProgram(program, house).map(({ path, problem }) => `${path}: ${problem}`);
}

const T = "triggers: [{ id: dry, state: { property: well/mood, to: low } }]";
const A = "actions: [{ set: pump/on, value: false }]";

test("sound rules are left alone", () => {
  expect(
    lint(
      `${T}\nconditions: [{ numeric: { property: well/percent, above: 10, below: 90 } }, { trigger: dry }, { or: [{ clock: trusted }, { bridge: { is: online } }] }]\n${A}`,
      `triggers: [{ state: { property: well/mood, to: high } }]\nactions:\n- if: [{ state: { property: pump/on, is: true } }]\n  then: [{ stop: enough }]\n- set: pump/on\n  value: true`,
      `triggers: [{ numeric: { property: well/percent, below: 20, hysteresis: 5 } }]\nconditions: [{ time: { after: "22:00", before: "06:00" } }, { time: { after: "05:00", before: "23:00" } }, { not: { state: { property: well/mood, is: high } } }, { state: { property: well/mood, is: [high, low] } }]\nactions: [{ choose: [{ when: [{ clock: synced }], do: [{ stop: a }] }, { when: [{ clock: holdover }], do: [{ notify: b }] }] }, { notify: c }, { enable: a }, { call: b }]`,
    ),
  ).toEqual([]);
});

describe("conditions that can never hold", () => {
  test.each([
    [
      "[{ state: { property: well/mood, is: low } }, { state: { property: well/level/mood, is: high } }]",
      /^\[0\]\.conditions: can never hold, the rule never runs: well\/mood is "low" and well\/level\/mood is "high" exclude each other$/,
    ],
    [
      "[{ state: { property: pump/on, is: true } }, { not: { state: { property: pump/on, is: true } } }]",
      /exclude each other/,
    ],
    [
      "[{ numeric: { property: well/temperature, above: 30 } }, { and: [{ numeric: { property: well/temperature, below: 30 } }] }]",
      /above 30 and .*below 30 exclude each other/,
    ],
    [
      "[{ numeric: { property: well/temperature, above: 30 } }, { not: { numeric: { property: well/temperature, above: 20 } } }]",
      /above 30 and .*is not above 20 exclude/,
    ],
    [
      "[{ numeric: { property: well/temperature, above: 30 } }, { state: { property: well/temperature, is: 30 } }]",
      /exclude/,
    ],
    [
      "[{ not: { numeric: { property: well/temperature, above: 30 } } }, { not: { numeric: { property: well/temperature, below: 31 } } }]",
      /exclude/,
    ],
    [
      "[{ state: { property: well/mood, is: [high, low] } }, { not: { state: { property: well/mood, is: high } } }, { not: { state: { property: well/mood, is: low } } }]",
      /, .* exclude each other/,
    ],
    [
      "[{ expression: '1 > 2' }]",
      /^\[0\]\.conditions\[0\]\.expression: can never hold, the rule never runs: the expression is always false/,
    ],
    ["[{ not: { expression: 'true' } }]", /^\[0\]\.conditions\[0\]: .*what it denies always holds/],
    [
      "[{ or: [{ expression: 'false' }, { clock: trusted }] }]",
      /^\[0\]\.conditions\[0\]\.or\[0\]: can never hold: the expression/,
    ],
    [
      "[{ time: { after: '08:00', before: '09:00' } }, { time: { after: '21:00', before: '06:00' } }]",
      /times of day exclude/,
    ],
    ["[{ time: { weekdays: [mon] } }, { time: { weekdays: [sat, sun] } }]", /weekdays exclude/],
    [
      "[{ clock: trusted }, { clock: untrusted }]",
      /the clock is "holdover" or "synced" and the clock is "untrusted" exclude/,
    ],
    [
      "[{ availability: { thing: well, is: ready } }, { availability: { thing: well, is: [lost, init] } }]",
      /exclude/,
    ],
    ["[{ trigger: wet }]", /^\[0\]\.conditions\[0\]\.trigger: no trigger of the rule has the id "wet"$/],
    ["[{ rule: { id: nobody, is: running } }]", /\.rule\.id: there is no rule "nobody"$/],
    [
      "[{ numeric: { property: well/percent, above: 120 } }]",
      /^\[0\]\.conditions\[0\]\.numeric\.above: can never be above 120 %: well\/percent is at most 100 %$/,
    ],
    ["[{ numeric: { property: well/percent, below: 101 } }]", /\.below: is always below 101 %/],
  ])("%s", (conditions, expected) => {
    const found = lint(`${T}\nconditions: ${conditions}\n${A}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });
});

test("triggers that never fire, or never again", () => {
  const triggers = (text: string): string[] => lint(`triggers: ${text}\n${A}`);
  expect(triggers("[{ numeric: { property: well/percent, above: 100 } }]")[0]).toMatch(
    /can never be above 100 %/,
  );
  expect(triggers("[{ numeric: { property: well/percent, above: 5, hysteresis: 10 } }]")[0]).toMatch(
    /\.hysteresis: never ends once it was true: it would have to be -5 % or less, and well\/percent is at least 0 %$/,
  );
  expect(triggers("[{ numeric: { property: [well/percent], below: -3 } }]")[0]).toMatch(
    /below: can never be below/,
  );
  expect(triggers("[{ state: { property: pump/on, from: true, to: true } }]")[0]).toMatch(
    /from and to are the same/,
  );
  expect(triggers("[{ expression: 'false' }]")[0]).toMatch(/always false: the trigger never fires/);
  expect(triggers("[{ expression: '2 > 1' }]")[0]).toMatch(/always true/);
  expect(triggers("[{ time: '07:00', enabled: false }]")[0]).toMatch(
    /triggers: all of them are switched off/,
  );
  expect(triggers("[{ id: x, time: '07:00' }, { id: x, time: '08:00' }]")[0]).toMatch(
    /\[1\]\.id: "x" names an earlier/,
  );
});

test("actions that are never reached", () => {
  const actions = (text: string): string[] => lint(`${T}\nactions:\n${text}`);
  expect(actions("- stop: done\n- notify: never")).toEqual([
    "[0].actions[1]: is never reached: the run has ended before",
  ]);
  expect(
    actions(
      "- if: [{ clock: trusted }]\n  then: [{ stop: a }]\n  else: [{ sequence: [{ stop: b }] }]\n- notify: never",
    ),
  ).toEqual(["[0].actions[1]: is never reached: the run has ended before"]);
  expect(
    actions("- if: [{ expression: 'true' }]\n  then: [{ notify: a }]\n  else: [{ notify: b }]")[0],
  ).toMatch(/else: is never reached/);
  expect(actions("- if: [{ expression: 'false' }]\n  then: [{ notify: a }]")[0]).toMatch(
    /if\[0\]\.expression: can never hold, `then` is never done/,
  );
  expect(
    actions(
      "- choose:\n  - when: [{ clock: synced }]\n    do: [{ notify: a }]\n  - when: [{ clock: synced }]\n    do: [{ notify: b }]",
    ),
  ).toEqual(["[0].actions[0].choose[1]: is never reached: choose[0] has the same conditions"]);
  expect(
    actions(
      "- choose:\n  - when: [{ expression: 'true' }]\n    do: [{ notify: a }]\n  - when: [{ clock: synced }]\n    do: [{ notify: b }]\n  else: [{ notify: c }]",
    ),
  ).toEqual([
    "[0].actions[0].choose[1]: is never reached: choose[0] always holds",
    "[0].actions[0].else: is never reached: choose[0] always holds",
  ]);
  expect(actions("- repeat: { count: 0 }\n  do: [{ notify: a }]")[0]).toMatch(
    /repeat\.count: 0: it is never done/,
  );
  expect(actions("- condition: [{ clock: synced }, { clock: holdover }]\n- notify: a")).toHaveLength(2);
  expect(actions("- parallel: [[{ stop: a }, { notify: b }], [{ notify: c }]]")).toEqual([
    "[0].actions[0].parallel[0][1]: is never reached: the run has ended before",
  ]);
  expect(actions("- call: nobody\n- disable: { group: none }\n- enable: [a, z]")).toEqual([
    '[0].actions[0].call: there is no rule "nobody"',
    '[0].actions[1].disable: no rule is in the group "none"',
    '[0].actions[2].enable: there is no rule "z"',
  ]);
});

describe("two rules that write against each other", () => {
  const on = "actions: [{ set: pump/relay/on, value: true }]";
  test("are told, whatever the trigger is called and however the property is written", () => {
    expect(
      lint(
        `${T}\n${A}`,
        `triggers: [{ state: { property: well/level/mood, to: low }, mode: restart }]\n${on}`,
      ),
    ).toEqual([
      '[1].actions[0].set: writes true to pump/relay/on when "a" (r.yaml) writes false: the same trigger fires both',
    ]);
  });
  test.each([
    ["the same value", `${T}\n${A}`, `${T}\n${A}`],
    ["another trigger", `${T}\n${A}`, `triggers: [{ state: { property: well/mood, to: high } }]\n${on}`],
    [
      "conditions that exclude each other",
      `${T}\nconditions: [{ clock: trusted }]\n${A}`,
      `${T}\nconditions: [{ clock: untrusted }]\n${on}`,
    ],
    ["a rule that is switched off", `${T}\n${A}`, `enabled: false\n${T}\n${on}`],
    ["a later moment", `${T}\n${A}`, `${T}\nactions: [{ delay: 1m }, { set: pump/on, value: true }]`],
    ["a value that is computed", `${T}\n${A}`, `${T}\nactions: [{ set: pump/on, value: "\${true}" }]`],
  ])("not of %s", (_name, one, other) => {
    expect(lint(one, other)).toEqual([]);
  });
});
