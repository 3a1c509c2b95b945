import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { type SimulationOptions, simulate } from "./simulate.ts";

const MONDAY = Date.UTC(2026, 5, 1);

function run(text: string, more: Partial<SimulationOptions> = {}) {
  return simulate({
    compile: (house) => compile([{ file: "r.yaml", text }], { house, timezone: "Asia/Ho_Chi_Minh" }),
    things: [],
    values: [],
    from: MONDAY,
    durationMs: 7 * 86_400_000,
    ...more,
  });
}

test("a week of schedules, with what the conditions say and what the devices make of it", () => {
  const result = run(
    `
- id: pump
  triggers: [{ time: "07:30" }]
  conditions: [{ time: { weekdays: [mon, fri] } }, { not: { state: { property: well/level/low, is: true } } }]
  actions: [{ set: pump/relay/on, value: true }, { delay: 10m }, { set: pump/relay/on, value: false }]
- id: lamp
  triggers: [{ state: { property: pump/relay/on, to: true } }]
  actions: [{ notify: the pump runs }]
`,
    { values: [{ thing: "pump", property: "relay/on", value: false }] },
  );
  expect(result.fired).toEqual({ pump: 2, lamp: 2 });
  expect(result.moments.filter(({ at }) => at < MONDAY + 2 * 86_400_000)).toEqual([
    {
      at: MONDAY + 1_800_000,
      rule: "pump",
      trigger: "triggers[0]",
      outcome: "fired",
      unmet: [],
      actions: ["pump/relay/on = true"],
    },
    {
      at: MONDAY + 1_800_000,
      rule: "lamp",
      trigger: "triggers[0]",
      outcome: "fired",
      unmet: [],
      actions: ["info: the pump runs"],
    },
    {
      at: MONDAY + 2_400_000,
      rule: "pump",
      trigger: "",
      outcome: "",
      unmet: [],
      actions: ["pump/relay/on = false"],
    },
    {
      at: MONDAY + 86_400_000 + 1_800_000,
      rule: "pump",
      trigger: "triggers[0]",
      outcome: "condition-false",
      unmet: ["conditions[0]: time is on mon, fri"],
      actions: [],
    },
  ]);
});

test("one rule alone is told, and the others run all the same", () => {
  const rules = `
- { id: one, triggers: [{ time: "07:30" }], actions: [{ set: a/b/c, value: 1 }] }
- { id: two, triggers: [{ state: { property: a/b/c } }], actions: [{ notify: two }] }
`;
  const { fired, moments } = run(rules, { rule: "two", values: [{ thing: "a", property: "b/c", value: 0 }] });
  expect(new Set(moments.map(({ rule }) => rule))).toEqual(new Set(["two"]));
  expect(fired).toEqual({ one: 7, two: 1 });
});
