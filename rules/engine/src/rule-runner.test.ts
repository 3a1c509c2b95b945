import type { RuleId } from "@tram/protocol";
import { expect, test } from "vitest";
import { MORNING, Scenario, thing } from "../testing/scenario.ts";
import { compile } from "./compile.ts";
import { RuleRunner } from "./rule-runner.ts";
import type { RuleState } from "./rule-state.ts";

const OPEN = "door/contact/open";
const TEMPERATURE = "room/air/temperature";

const PUMP = `
- id: pump
  triggers: [{ state: { property: ${OPEN}, to: true } }]
  actions: [{ set: lamp/light/on, value: true }, { delay: 10m }, { set: lamp/light/on, value: false }]
`;
const ON = "lamp/light/on=true";
const OFF = "lamp/light/on=false";

test("when a rule changes, its run finishes on the old version, and its triggers begin anew", () => {
  const gateway = new Scenario(PUMP);
  gateway.report(OPEN, true);
  gateway.recompile(
    `- { id: pump, triggers: [{ state: { property: ${OPEN}, to: true } }], actions: [{ notify: new }] }`,
  );
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual([ON]);
  gateway.advance(300_000);
  gateway.restart();
  gateway.advance(300_000);
  expect(gateway.effects).toEqual([ON, OFF]);
  gateway.report(OPEN, false);
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual([ON, OFF, "info: new"]);
});

test("when a rule changes, a for that is under way is cancelled", () => {
  const rule = (text: string) =>
    `- { id: r, triggers: [{ state: { property: ${OPEN}, to: true }, for: 5s }], actions: [{ notify: ${text} }] }`;
  const gateway = new Scenario(rule("a"));
  gateway.report(OPEN, true);
  gateway.recompile(rule("b"));
  expect(gateway.diary()).toEqual(["triggers[0] waiting", "triggers[0] cancelled"]);
  gateway.advance(60_000);
  expect(gateway.effects).toEqual([]);
});

test("a new title or description changes nothing", () => {
  const gateway = new Scenario(PUMP);
  gateway.report(OPEN, true);
  const before = gateway.state("pump");
  gateway.recompile(PUMP.replace("id: pump", "id: pump\n  title: The pump"));
  expect(gateway.state("pump")).toBe(before);
});

test("a disabled rule does not fire, and its run finishes", () => {
  const gateway = new Scenario(PUMP);
  gateway.report(OPEN, true);
  gateway.recompile(`${PUMP}  enabled: false\n`);
  gateway.report(OPEN, false);
  gateway.report(OPEN, true);
  gateway.advance(3_600_000);
  expect(gateway.effects).toEqual([ON, OFF]);
});

test("a disabled rule has no times either", () => {
  const gateway = new Scenario(
    `- { id: r, enabled: false, triggers: [{ time: "07:00" }], actions: [{ notify: x }] }`,
  );
  expect(gateway.runner.nextWakeup).toBeUndefined();
  gateway.clock(3_600_000 - 1_000);
  gateway.clock(2_000);
  gateway.advance(86_400_000);
  expect([gateway.effects, gateway.diary()]).toEqual([[], []]);
});

test.each([
  ["its own mistake", PUMP.replace("10m", "ten minutes")],
  ["a file that is not YAML", "- {"],
])("a rule broken by %s keeps its run and its memory", (_name, broken) => {
  const gateway = new Scenario(PUMP);
  gateway.report(OPEN, true);
  gateway.recompile(broken);
  gateway.restart();
  gateway.advance(3_600_000);
  expect(gateway.effects).toEqual([ON, OFF]);
  gateway.report(OPEN, false);
  gateway.report(OPEN, true);
  expect(gateway.effects).toHaveLength(2);
  gateway.report(OPEN, true);
  gateway.recompile(PUMP);
  gateway.report(OPEN, true);
  expect(gateway.effects).toHaveLength(2);
});

test("what rose while the rule was broken fires when it is whole again", () => {
  const gateway = new Scenario(PUMP);
  gateway.report(OPEN, false);
  gateway.recompile("- {");
  gateway.report(OPEN, true);
  gateway.recompile(PUMP);
  expect(gateway.effects).toEqual([ON]);
});

test("the state of a rule that is gone is deleted, and its run ends", () => {
  const gateway = new Scenario(PUMP);
  gateway.report(OPEN, true);
  gateway.diary();
  gateway.recompile("[]");
  expect(gateway.saved.size).toBe(0);
  expect(gateway.diary()).toEqual(["triggers[0] cancelled"]);
  gateway.advance(3_600_000);
  expect(gateway.effects).toEqual([ON]);
});

test("a rule that watches another property of the same short name begins anew", () => {
  const rules = `- { id: r, triggers: [{ state: { property: gate/open, to: true } }], actions: [{ notify: x }] }`;
  const gateway = new Scenario(rules, { things: [thing("gate", { "a/open": { type: "boolean" } })] });
  gateway.report("gate/a/open", true);
  gateway.things = [thing("gate", { "b/open": { type: "boolean" } })];
  gateway.recompile(rules);
  gateway.report("gate/b/open", true);
  expect(gateway.effects).toHaveLength(2);
});

test.each([
  ["null", null],
  ["a text", "x"],
  ["an old form", { version: 1, truth: [true] }],
  ["a wrong type", { file: "rules.yaml", version: "v", counter: -1, triggers: {}, runs: [], actions: {} }],
  [
    "a run without actions",
    {
      file: "rules.yaml",
      version: "v",
      counter: 1,
      triggers: {},
      runs: [{ id: "pump-1", trigger: "t", version: "v", at: 0 }],
      actions: {},
    },
  ],
  [
    "a trigger of no kind",
    { file: "f", version: "v", counter: 1, triggers: { 0: {} }, runs: [], actions: {} },
  ],
])("a saved state that is malformed (%s) is dropped with a trace, and the rule runs", (_name, saved) => {
  const gateway = new Scenario(PUMP);
  for (const id of ["pump", "gone"]) gateway.saved.set(id as RuleId, JSON.stringify(saved));
  gateway.diary();
  gateway.restart();
  expect(gateway.traces.map(({ rule, trace }) => [rule, trace.outcome])).toEqual([
    ["gone", "failed"],
    ["pump", "failed"],
  ]);
  expect([...gateway.saved.keys()]).toEqual(["pump"]);
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual([ON]);
});

test("a malformed state before the start event harms nobody", () => {
  const { program, world } = new Scenario(PUMP);
  const runner = new RuleRunner(program, [["pump" as RuleId, null as unknown as RuleState]]);
  expect(() => runner.handle({ kind: "wakeup" }, world)).not.toThrow();
  expect(() => runner.handle({ kind: "clock", stepMs: 0, trust: "synced" }, world)).not.toThrow();
});

const TWO = `
- id: unlucky
  triggers: [{ state: { property: ${OPEN}, to: true } }, { state: { property: ${OPEN}, to: true }, for: 5s }]
  conditions: [{ numeric: { property: ${TEMPERATURE}, above: 3 } }]
  actions: [{ notify: unlucky }]
- id: lucky
  triggers: [{ state: { property: ${OPEN}, to: true } }]
  actions: [{ notify: lucky }]
`;

test("a rule that throws is traced as failed, changes nothing, and the others run", () => {
  let broken = true;
  const onRead = (property: string) => {
    if (broken && property === TEMPERATURE) throw new Error("no such shelf");
  };
  const gateway = new Scenario(TWO, { onRead, shadow: { [TEMPERATURE]: { value: 9, quality: "good" } } });
  const before = gateway.state("unlucky");
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual(["info: lucky"]);
  expect(gateway.state("unlucky")).toBe(before);
  expect(gateway.traces[0]).toMatchObject({
    rule: "unlucky",
    trace: { outcome: "failed", detail: "the engine failed: Error: no such shelf" },
  });
  broken = false;
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual(["info: lucky", "info: unlucky"]);
  broken = true;
  // The wait is over, and the condition throws: asked to be woken once, not for ever.
  gateway.advance(60_000);
  broken = false;
  gateway.report(OPEN, true);
  expect(gateway.effects).toEqual(["info: lucky", "info: unlucky", "info: unlucky"]);
});

test("a wake-up visits only the rules that are due, in the order of the files", () => {
  const gateway = new Scenario(`
- { id: c, triggers: [{ time: "07:00" }], actions: [{ notify: c }] }
- { id: b, triggers: [{ time: "08:00" }], actions: [{ notify: b }] }
- { id: a, triggers: [{ time: "07:00" }], actions: [{ notify: a }] }
`);
  expect(gateway.runner.nextWakeup).toBe(gateway.now.monotonic + 3_600_000);
  gateway.sleep(3_600_000);
  const result = gateway.send({ kind: "wakeup" });
  expect([...result.changed.keys()]).toEqual(["c", "a"]);
  expect(gateway.effects).toEqual(["info: c", "info: a"]);
});

test("readings leave the wake-up of a wall-clock plan where it is", () => {
  const gateway = new Scenario(
    `- { id: r, triggers: [{ time: "07:00" }, { numeric: { property: ${TEMPERATURE}, above: 30 } }], actions: [{ notify: x }] }`,
  );
  const planned = gateway.runner.nextWakeup;
  gateway.sleep(1_000.4);
  gateway.now = { ...gateway.now, wall: Math.floor(gateway.now.wall) };
  expect(gateway.report(TEMPERATURE, 20).nextWakeup).toBe(planned);
});

test("a reading that nobody watches costs and changes nothing", () => {
  const gateway = new Scenario(PUMP);
  const result = gateway.report("some/other/thing", 3);
  expect([result.changed.size, result.effects, result.traces]).toEqual([0, [], []]);
});

test("lastFired tells when conditions last held", () => {
  const gateway = new Scenario(TWO);
  gateway.report(OPEN, true);
  expect(gateway.state("lucky")?.lastFired).toBe(MORNING);
  expect(gateway.state("unlucky")?.lastFired).toBeUndefined();
});

test("a new time zone plans wall-clock times anew", () => {
  const rules = `- { id: r, triggers: [{ time: "07:00" }], actions: [{ notify: x }] }`;
  const gateway = new Scenario(rules);
  const sources = [{ file: "rules.yaml", text: rules }];
  const house = { thing: () => undefined };
  gateway.runner.replaceProgram(compile(sources, { house, timezone: "Asia/Tokyo" }));
  gateway.send({ kind: "start" });
  expect(gateway.runner.nextWakeup).toBe(gateway.now.monotonic + 16 * 3_600_000);
});
