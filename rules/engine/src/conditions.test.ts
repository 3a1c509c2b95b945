import { expect, test } from "vitest";
import { HOUSE, MORNING, Scenario, type ScenarioOptions } from "../testing/scenario.ts";

const OPEN = "door/contact/open";

/** Whether the condition holds when the door opens, and what the diary shows of it. */
function judge(condition: string, options: ScenarioOptions = {}) {
  const gateway = new Scenario(
    `- { id: r, triggers: [{ state: { property: ${OPEN}, to: true } }], conditions: [{ ${condition} }], actions: [{ notify: x }] }`,
    options,
  );
  expect(gateway.program.broken).toEqual([]);
  gateway.report(OPEN, true);
  const [first] = gateway.traces.filter(({ trace }) => trace.trigger === "triggers[0]");
  return { passed: gateway.effects.length === 1, trace: first?.trace };
}

const at = (hour: number, minute = 0) => ({ wall: Date.UTC(2026, 5, 1, hour, minute) });

test.each([
  ["state: { property: lamp/light/on, is: true }", true, "good", true],
  ["state: { property: lamp/light/on, is: true }", false, "good", false],
  ["state: { property: lamp/light/on, is: true }", true, "stale", true],
  ["state: { property: lamp/light/on, is: true }", true, "bad", true],
  ["state: { property: lamp/light/on, is: true }", null, "stale", false],
  ["not: { state: { property: lamp/light/on, is: true } }", null, "stale", true],
  ["numeric: { property: lamp/light/on, above: 3 }", 3, "good", false],
  ["numeric: { property: lamp/light/on, above: 3 }", 3.1, "good", true],
  ["numeric: { property: lamp/light/on, above: 3 }", "9", "good", false],
] as const)("%s with %j (%s): %j", (condition, value, quality, expected) => {
  expect(judge(condition, { shadow: { "lamp/light/on": { value, quality } } }).passed).toBe(expected);
});

test.each([
  ['after: "06:00"', at(6), true],
  ['after: "06:01"', at(6), false],
  ['before: "06:00"', at(6), false],
  ['before: "06:01"', at(6), true],
  ['after: "22:00", before: "06:00"', at(23), true],
  ['after: "22:00", before: "06:00"', at(5, 59), true],
  ['after: "22:00", before: "06:00"', at(6), false],
  ["weekdays: [mon]", at(6), true],
  ["weekdays: [tue, sun]", at(6), false],
  ['after: "22:00", before: "06:00", weekdays: [sun]', at(5), false],
  ['after: "06:00"', { ...at(6), trust: "untrusted" as const }, false],
  ['after: "13:00"', { ...at(6), timezone: "Asia/Ho_Chi_Minh" }, true],
])("time: { %s } at %j: %j", (window, options, expected) => {
  expect(judge(`time: { ${window} }`, options).passed).toBe(expected);
});

const hanoi = { timezone: "Asia/Ho_Chi_Minh", place: { latitude: 21.03, longitude: 105.85 } };
const hanoiAt = (time: string) => ({ ...hanoi, wall: Date.parse(`2026-06-01T${time}+07:00`) });

test.each([
  ["schedule: { week: { mon: ['06:00-08:30'] } }", hanoiAt("06:00"), true],
  ["schedule: { week: { mon: ['06:00-08:30'] } }", hanoiAt("08:30"), false],
  ["schedule: { week: { sun: ['22:00-06:30'] } }", hanoiAt("06:29"), true],
  ["schedule: { week: { tue: ['06:00-08:30'] } }", hanoiAt("07:00"), false],
  [
    "schedule: { week: { daily: ['00:00-24:00'] } }",
    { ...hanoiAt("07:00"), trust: "untrusted" as const },
    false,
  ],
  ["sun: { after: { event: sunset }, before: { event: sunrise } }", hanoiAt("04:30"), true],
  ["sun: { after: { event: sunset }, before: { event: sunrise } }", hanoiAt("12:00"), false],
  ["sun: { after: { event: sunrise, offset: 1h } }", hanoiAt("06:00"), false],
  ["sun: { after: { event: sunrise, offset: 1h } }", hanoiAt("06:30"), true],
  [
    "sun: { before: { event: dusk, offset: -1h } }",
    { ...hanoiAt("12:00"), trust: "untrusted" as const },
    false,
  ],
])("%s at %j: %j", (condition, options, expected) => {
  expect(judge(condition, options).passed).toBe(expected);
});

test.each([
  ["and", [true, true], true],
  ["and", [true, false], false],
  ["and", [false, false], false],
  ["or", [true, false], true],
  ["or", [false, false], false],
])("%s of %j is %j", (group, results, expected) => {
  const inner = results.map((is) => `{ state: { property: door/open, is: ${is} } }`);
  expect(judge(`${group}: [${inner.join(", ")}]`).passed).toBe(expected);
});

test("every condition is in the diary, nested ones too, with its result and the value seen", () => {
  const { passed, trace } = judge(
    "or: [{ and: [{ numeric: { property: room/temperature, above: 30 } }, { time: { weekdays: [mon] } }] }, { not: { state: { property: lamp/level, is: 3 } } }]",
    {
      things: HOUSE,
      wall: MORNING,
      shadow: {
        "room/air/temperature": { value: 20, quality: "stale" },
        "lamp/light/level": { value: 3, quality: "good" },
      },
    },
  );
  expect(passed).toBe(false);
  expect(trace).toMatchObject({ outcome: "condition-false", seen: true });
  expect(trace?.checks).toEqual([
    { what: "conditions[0]: any of", passed: false, seen: null },
    { what: "conditions[0].or[0]: all of", passed: false, seen: null },
    {
      what: "conditions[0].or[0].and[0]: room/temperature is above 30 (stale)",
      passed: false,
      seen: 20,
    },
    { what: "conditions[0].or[0].and[1]: time is on mon", passed: true, seen: "mon 06:00:00" },
    { what: "conditions[0].or[1]: not", passed: false, seen: null },
    { what: "conditions[0].or[1].not: lamp/level is 3", passed: true, seen: 3 },
  ]);
});

test("the checks that passed are in the diary of a firing too", () => {
  const { trace } = judge("state: { property: door/open, is: true }");
  expect(trace).toMatchObject({
    outcome: "fired",
    checks: [{ what: "conditions[0]: door/open is true", passed: true, seen: true }],
  });
});

test("a condition on something never seen says so", () => {
  const { trace } = judge("state: { property: porch/open, is: true }");
  expect(trace?.checks).toEqual([
    { what: "conditions[0]: porch/open is true (not known)", passed: false, seen: null },
  ]);
});

test("an edge that a condition refused is spent", () => {
  const gateway = new Scenario(
    `- { id: r, triggers: [{ state: { property: ${OPEN}, to: true } }], conditions: [{ state: { property: lamp/light/on, is: true } }], actions: [{ notify: x }] }`,
  );
  gateway.report(OPEN, true);
  gateway.report("lamp/light/on", true);
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual([]);
  gateway.report(OPEN, false);
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual(["info: x"]);
});
