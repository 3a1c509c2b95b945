import { expect, test } from "vitest";
import { Scenario } from "../../testing/scenario.ts";

function onOpen(actions: string): string {
  return `
- id: r
  triggers: [{ id: opened, state: { property: door/open, to: true } }]
  actions:
${actions.replace(/^/gm, "    ")}
`;
}

function open(gateway: Scenario): void {
  gateway.report("door/contact/open", false);
  gateway.report("door/contact/open", true);
}

const WAIT_FOR = `
- wait_for:
    - { id: shut, state: { property: door/open, to: false } }
    - { id: hot, numeric: { property: room/temperature, above: 30 }, for: 10s }
  timeout: 1m
- { notify: "\${wait.completed} \${wait.completed ? wait.trigger.id : 'nobody'}" }`;

test("a wait ends with the first trigger that fires, and tells which", () => {
  const gateway = new Scenario(onOpen(WAIT_FOR));
  open(gateway);
  gateway.report("room/air/temperature", 35);
  gateway.advance(5_000);
  gateway.restart();
  gateway.advance(5_000);
  expect(gateway.effects).toEqual(["info: true hot"]);
});

test("what fired the rule does not end its wait, and what was true before is no edge", () => {
  const gateway = new Scenario(
    onOpen(`
- wait_for: [{ state: { property: door/open, to: true } }]
- { notify: again }`),
  );
  open(gateway);
  gateway.report("door/contact/open", true);
  expect(gateway.effects).toEqual([]);
  gateway.report("door/contact/open", false);
  gateway.report("door/contact/open", true);
  expect(gateway.effects).toEqual(["info: again"]);
});

test("a wait in vain goes on, or stops where the rule says so", () => {
  const patient = new Scenario(onOpen(WAIT_FOR));
  open(patient);
  patient.advance(59_999);
  expect(patient.effects).toEqual([]);
  patient.advance(1);
  expect(patient.effects).toEqual(["info: false nobody"]);
  const strict = new Scenario(onOpen(WAIT_FOR.replace("timeout: 1m", "timeout: 1m\n  on_timeout: stop")));
  open(strict);
  strict.advance(120_000);
  expect(strict.effects).toEqual([]);
  expect(strict.traces.at(-1)?.trace).toMatchObject({
    outcome: "finished",
    detail: "actions[0]: waited in vain",
  });
});

test("a wait for a time of day survives a power cut", () => {
  const gateway = new Scenario(
    onOpen(`
- wait_for: [{ time: "07:30" }]
- { notify: morning }`),
  );
  open(gateway);
  gateway.powerCut(3_600_000);
  expect(gateway.effects).toEqual([]);
  gateway.advance(30 * 60_000);
  expect(gateway.effects).toEqual(["info: morning"]);
});

test("wait_until goes on at once where it holds already, and else when it begins to", () => {
  const rule = onOpen(`
- wait_until: [{ numeric: { property: room/temperature, below: 20 } }]
- { notify: cool }`);
  const gateway = new Scenario(rule, { shadow: { "room/air/temperature": { value: 15, quality: "good" } } });
  open(gateway);
  expect(gateway.effects).toEqual(["info: cool"]);
  gateway.report("room/air/temperature", 25);
  open(gateway);
  expect(gateway.effects).toHaveLength(1);
  gateway.restart();
  gateway.report("room/air/temperature", 19);
  expect(gateway.effects).toEqual(["info: cool", "info: cool"]);
});

test("wait_until sees what begins by mere passing of time: a window, and a `for` that is over", () => {
  const gateway = new Scenario(
    onOpen(`
- wait_until: [{ time: { after: "06:01" } }]
- { notify: past one }
- wait_until: [{ state: { property: door/open, is: true }, for: 2m }]
- { notify: open for two minutes }`),
  );
  open(gateway);
  gateway.advance(61_000);
  expect(gateway.effects).toEqual(["info: past one"]);
  gateway.advance(58_000);
  expect(gateway.effects).toHaveLength(1);
  gateway.advance(2_000);
  expect(gateway.effects.at(-1)).toBe("info: open for two minutes");
});

test("a delay may be computed; what is no duration ends the run with the reason", () => {
  const gateway = new Scenario(
    onOpen(`
- { delay: "\${value('room/temperature') * 2.0}" }
- { notify: over }`),
    { shadow: { "room/air/temperature": { value: 5, quality: "good" } } },
  );
  open(gateway);
  gateway.advance(10_000);
  expect(gateway.effects).toEqual(["info: over"]);
  gateway.report("room/air/temperature", -1);
  open(gateway);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({ outcome: "failed" });
  expect(gateway.traces.at(-1)?.trace.detail).toContain("found -2, expected a duration");
});

test("runs in flight finish on the version they began with, waits included", () => {
  const gateway = new Scenario(
    onOpen(`
- wait_for: [{ numeric: { property: room/temperature, above: 30 } }]
- { notify: old }`),
  );
  open(gateway);
  gateway.recompile(onOpen("- { notify: new }"));
  gateway.report("room/air/temperature", 31);
  expect(gateway.effects).toEqual(["info: old"]);
  open(gateway);
  expect(gateway.effects).toEqual(["info: old", "info: new"]);
});

test("on_edit: cancel ends them when the rule changes", () => {
  const rule = (text: string) =>
    onOpen(`- { delay: 1m }\n- { notify: ${text} }`).replace("- id: r", "- id: r\n  on_edit: cancel");
  const gateway = new Scenario(rule("old"));
  open(gateway);
  gateway.recompile(rule("new"));
  gateway.advance(60_000);
  expect(gateway.effects).toEqual([]);
  expect(gateway.traces.find(({ trace }) => trace.outcome === "cancelled")?.trace.detail).toBe(
    "the rule changed",
  );
});
