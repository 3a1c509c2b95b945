import type { Thing, ThingId } from "@tram/protocol";
import { expect, test } from "vitest";
import { HOUSE, thing } from "../testing/scenario.ts";
import { compile } from "./compile.ts";
import type { HouseView } from "./house-view.ts";
import type { Program } from "./program.ts";

function houseOf(things: readonly Thing[]): HouseView {
  return { thing: (id: ThingId) => things.find((one) => one.id === id) };
}

function compileText(text: string, things: readonly Thing[] = HOUSE): Program {
  return compile([{ file: "a.yaml", text }], { house: houseOf(things), timezone: "UTC" });
}

function problemsOf(program: Program): string[] {
  return program.broken.flatMap(({ problems }) => problems.map(({ path, problem }) => `${path}: ${problem}`));
}

/** One rule with one part replaced. */
function ruleWith(part: { trigger?: string; condition?: string; action?: string }): string {
  const { trigger = "time: '07:00'", condition, action = "notify: hello" } = part;
  return [
    "- id: one",
    `  triggers: [{ ${trigger} }]`,
    ...(condition === undefined ? [] : [`  conditions: [{ ${condition} }]`]),
    `  actions: [{ ${action} }]`,
  ].join("\n");
}

const WHOLE = `
- id: cool
  title: Cool the room
  mode: queued
  max: 3
  triggers:
    - { id: hot, numeric: { property: room/air/temperature, above: 30, below: 60 }, for: 2s }
    - { state: { property: door/open, to: true } }
    - { time: 07:30 }
  conditions:
    - or:
        - { time: { after: "22:00", before: "06:00", weekdays: [mon] } }
        - { not: { state: { property: lamp/light/mode, is: night } } }
  actions:
    - { set: lamp/light/on, value: true }
    - { delay: 1h30m }
    - { notify: It is hot, level: warning }
`;

/** What the first rule does. */
function actionsOf(program: Program) {
  const [rule] = program.rules.values();
  return rule && program.linkActions(rule.version, () => rule.document.rule.actions).block;
}

test("a whole rule compiles", () => {
  const program = compileText(WHOLE);
  expect(problemsOf(program)).toEqual([]);
  expect(program.warnings).toEqual([]);
  const rule = [...program.rules.values()][0];
  expect(rule).toMatchObject({ id: "cool", title: "Cool the room", file: "a.yaml", enabled: true, max: 3 });
  expect(rule?.triggers).toMatchObject([
    { label: "hot", source: { target: { thing: "room", property: "air/temperature" } }, forMs: 2_000 },
    { label: "triggers[1]", source: { target: { thing: "door", property: "contact/open" } } },
    { kind: "time", label: "triggers[2]", schedule: { text: "07:30" } },
  ]);
  expect(actionsOf(program)).toMatchObject([
    { kind: "set", value: { constant: true } },
    { kind: "delay", duration: 5_400_000 },
    { kind: "notify", level: "warning" },
  ]);
  expect([...program.interests.names()].sort()).toEqual(["p door/contact/open", "p room/air/temperature"]);
});

test("an empty file has no rules and no problems", () => {
  for (const text of ["", "# later\n", "[]"]) {
    const program = compileText(text);
    expect([program.rules.size, program.broken.length]).toEqual([0, 0]);
  }
});

test.each([
  [
    ruleWith({ trigger: "numeric: { property: room/temperature, abov: 3 }" }),
    "[0].triggers[0].numeric.abov: unknown key; expected property, above, below",
  ],
  [ruleWith({ trigger: "numeric: { above: 3 }" }), "[0].triggers[0].numeric.property: missing"],
  [
    ruleWith({ trigger: "numeric: { property: room/temperature }" }),
    "[0].triggers[0].numeric: found neither above nor below, expected one",
  ],
  [
    ruleWith({ trigger: "numeric: { property: room/temperature, above: 5, below: 5 }" }),
    "[0].triggers[0].numeric: found above 5 and below 5, expected above to be the smaller",
  ],
  [
    ruleWith({ trigger: "numeric: { property: room/temperature, above: '30' }" }),
    '[0].triggers[0].numeric.above: found "30", expected a number',
  ],
  [
    ruleWith({ trigger: "numeric: { property: room/temperature, above: .inf }" }),
    "[0].triggers[0].numeric.above: found Infinity, expected a number",
  ],
  [
    ruleWith({ trigger: "numeric: { property: room, above: 3 }" }),
    '[0].triggers[0].numeric.property: found "room", expected a property such as thing/node/name',
  ],
  [
    ruleWith({ trigger: "when: sunset" }),
    "[0].triggers[0]: found only when, expected the key state, numeric, expression, time",
  ],
  [
    ruleWith({ trigger: "time: '07:00', state: { property: door/open }" }),
    "[0].triggers[0]: found state and time together, expected only one of them",
  ],
  [ruleWith({ trigger: "time: 7" }), "[0].triggers[0].time: found 7, expected text"],
  [
    ruleWith({ trigger: "time: '24:00'" }),
    '[0].triggers[0].time: found "24:00", expected a time of day such as "07:30"',
  ],
  [
    ruleWith({ trigger: "state: { property: door/open }, for: 2 minutes" }),
    '[0].triggers[0].for: found "2 minutes", expected a duration such as 500ms, 2s or 1h30m',
  ],
  [
    ruleWith({ trigger: "state: { property: door/open }, for: 99999d" }),
    '[0].triggers[0].for: found "99999d", expected a duration of at most 3650d',
  ],
  [
    ruleWith({ trigger: "state: { property: door/open, to: [[1]] }" }),
    "[0].triggers[0].state.to[0]: found a list, expected true or false, a number or text",
  ],
  [
    ruleWith({ trigger: "state: { property: door/open, to: open }" }),
    '[0].triggers[0].state.to: expected boolean, found "open"',
  ],
  [
    ruleWith({ condition: "state: { property: lamp/mode, is: dusk }" }),
    '[0].conditions[0].state.is: expected one of day, night, off, found "dusk"',
  ],
  [
    ruleWith({ condition: "time: {}" }),
    "[0].conditions[0].time: found none of its keys, expected after, before or weekdays",
  ],
  [
    ruleWith({ condition: "time: { weekdays: [monday] }" }),
    '[0].conditions[0].time.weekdays[0]: found "monday", expected mon, tue, wed, thu, fri, sat or sun',
  ],
  [
    ruleWith({ condition: "or: [{ numeric: { property: room/temperature, over: 3 } }]" }),
    "[0].conditions[0].or[0].numeric.over: unknown key; expected property, above, below",
  ],
  [ruleWith({ condition: "not: [1]" }), "[0].conditions[0].not: found a list, expected a map with"],
  [
    ruleWith({ trigger: "state: { property: door/window/open }" }),
    '[0].triggers[0].state.property: unknown property "window/open" of door; expected contact/open',
  ],
  [
    ruleWith({ action: "set: lamp/on, value: true" }),
    '[0].actions[0].set: "on" of lamp is ambiguous; expected light/on or power/on',
  ],
  [ruleWith({ action: "set: door/open, value: true" }), "[0].actions[0].set: door/open is read-only"],
  [
    ruleWith({ action: "set: lamp/level, value: 101" }),
    "[0].actions[0].value: expected at most 100, found 101",
  ],
  [ruleWith({ action: "set: lamp/level" }), "[0].actions[0].value: missing"],
  [ruleWith({ action: "set: other/a/b, value: null" }), "[0].actions[0].value: found nothing, expected"],
  [
    ruleWith({ action: "set: other/a/b, value: [.nan]" }),
    "[0].actions[0].value: found NaN, expected a finite number",
  ],
  [
    ruleWith({ action: `set: other/a/b, value: [${Array(10_001).fill(1).join(",")}]` }),
    "[0].actions[0].value: found more than 10000 values, expected fewer",
  ],
  [ruleWith({ action: "notify: hi, level: loud" }), '[0].actions[0].level: found "loud", expected info'],
  [ruleWith({ action: "set: pair/a/b, value: 1" }), '[0].actions[0].set: found "pair", expected the id of a'],
  ["- id: Not An Id\n  triggers: []\n  actions: []", '[0].id: found "Not An Id", expected an id of a-z'],
  ["- just text", '[0]: found "just text", expected a map'],
  ["rules: []", ": found a map, expected a list of rules"],
  ["a: [1", ": line 1, column 6: "],
  ["- id: one\n  id: two", ": line 2, column 3: Map keys must be unique"],
  ["- !shell x", ": line 1, column 3: Unresolved tag: !shell"],
  ["- a\n---\n- b", "Source contains multiple documents"],
  ["- &a { id: one, triggers: *a, actions: *a }", "[0].triggers: found a map, expected a list"],
  ["- &a { __proto__: *a }", "[0].__proto__: unknown key"],
])("%#: a mistake is told by its place, what was found and what was expected", (text, expected) => {
  const problems = problemsOf(compileText(text));
  expect(problems.join("\n")).toContain(expected);
});

test("a broken rule leaves the others of its file alone", () => {
  const program = compileText(`
- { id: first, triggers: [{ time: "07:00" }], actions: [{ notify: a }] }
- { id: second, triggers: [{ time: "7" }], actions: [{ notify: a }] }
- 3
- { id: third, triggers: [{ time: "07:00" }], actions: [{ notify: a }] }
`);
  expect([...program.rules.keys()]).toEqual(["first", "third"]);
  expect(program.broken.map(({ id, file }) => [id, file])).toEqual([
    ["second", "a.yaml"],
    [undefined, "a.yaml"],
  ]);
});

test("a file that is not YAML leaves the other files alone", () => {
  const good = ruleWith({});
  const sources = [
    { file: "bad.yaml", text: "- {" },
    { file: "good.yaml", text: good },
  ];
  const program = compile(sources, { house: houseOf(HOUSE), timezone: "UTC" });
  expect([...program.rules.keys()]).toEqual(["one"]);
  expect(program.broken).toMatchObject([{ file: "bad.yaml" }]);
});

test("the second rule of the same id is broken and names the first, over all files", () => {
  const sources = [
    { file: "a.yaml", text: ruleWith({}) },
    { file: "b.yaml", text: ruleWith({}) },
  ];
  const program = compile(sources, { house: houseOf(HOUSE), timezone: "UTC" });
  expect(program.rules.size).toBe(1);
  expect(program.broken).toEqual([
    {
      id: "one",
      file: "b.yaml",
      problems: [{ file: "b.yaml", path: "[0].id", problem: '"one" is already used by a.yaml [0]' }],
    },
  ]);
});

test("an unknown Thing is a warning; thing/name waits until it is known", () => {
  const text = ruleWith({ trigger: "state: { property: porch/open, to: true }" });
  const before = compileText(text);
  expect(before.broken).toEqual([]);
  expect(before.warnings).toEqual([
    {
      file: "a.yaml",
      path: "[0].triggers[0].state.property",
      problem: 'unknown Thing "porch"; the rule works once it is announced',
    },
  ]);
  expect([...before.interests.names()]).toEqual([]);

  const after = compileText(text, [thing("porch", { "contact/open": { type: "boolean" } })]);
  expect(after.warnings).toEqual([]);
  expect([...after.interests.names()]).toEqual(["p porch/contact/open"]);
});

test.each([
  ["numeric: { property: door/open, above: 3 }", "its type is boolean, not a number: never true"],
  ["state: { property: button/kind, to: long }, for: 2s", "is momentary: an occurrence does not last"],
])("%s is doubtful, but runs", (trigger, expected) => {
  const program = compileText(ruleWith({ trigger }));
  expect(program.broken).toEqual([]);
  expect(program.warnings.map(({ problem }) => problem).join()).toContain(expected);
});

test("written values are rounded to the property's step", () => {
  const things = [thing("valve", { "flow/rate": { type: "number", multipleOf: 0.5 } })];
  const program = compileText(ruleWith({ action: "set: valve/rate, value: 1.3" }), things);
  expect(actionsOf(program)).toMatchObject([{ value: { constant: 1.5 } }]);
});

test("a disabled rule is compiled: it may be switched on without its file", () => {
  const text = `${ruleWith({ trigger: "state: { property: door/open }" })}\n  enabled: false`;
  const program = compileText(text);
  expect([...program.rules.values()][0]?.enabled).toBe(false);
});

test("an unknown time zone counts as UTC, with a warning", () => {
  const program = compile([], { house: houseOf([]), timezone: "Mars/Olympus" });
  expect(program.calendar.timezone).toBe("UTC");
  expect(program.warnings).toMatchObject([{ path: "timezone" }]);
});

test("files that did not change are not read again", () => {
  const options = { house: houseOf(HOUSE), timezone: "UTC" };
  const sources = [{ file: "a.yaml", text: ruleWith({}) }];
  const first = compile(sources, options);
  const second = compile(sources, { ...options, previous: first });
  expect(second.files.get("a.yaml")).toBe(first.files.get("a.yaml"));
  const third = compile([{ file: "a.yaml", text: "[]" }], { ...options, previous: second });
  expect(third.rules.size).toBe(0);
});
