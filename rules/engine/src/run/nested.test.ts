import { expect, test } from "vitest";
import { Scenario } from "../../testing/scenario.ts";

/** A rule that runs when the door opens. */
function onOpen(actions: string, head = ""): string {
  return `
- id: r
  ${head}
  triggers: [{ id: opened, state: { property: door/open, to: true } }]
  actions:
${actions.replace(/^/gm, "    ")}
`;
}

function open(gateway: Scenario): void {
  gateway.report("door/contact/open", false);
  gateway.report("door/contact/open", true);
}

function started(actions: string, head = ""): Scenario {
  const gateway = new Scenario(onOpen(actions, head));
  expect(gateway.program.broken).toEqual([]);
  open(gateway);
  return gateway;
}

test("if and else", () => {
  const rule = `
- if: [{ numeric: { property: room/temperature, above: 25 } }]
  then: [{ notify: warm }]
  else: [{ notify: cool }]
- { notify: after }`;
  const cool = started(rule);
  expect(cool.effects).toEqual(["info: cool", "info: after"]);
  const warm = new Scenario(onOpen(rule), {
    shadow: { "room/air/temperature": { value: 30, quality: "good" } },
  });
  open(warm);
  expect(warm.effects).toEqual(["info: warm", "info: after"]);
});

test("choose takes the first branch that holds, and does not ask again while it waits", () => {
  const gateway = new Scenario(
    onOpen(`
- choose:
    - when: [{ numeric: { property: room/temperature, above: 30 } }]
      do: [{ notify: hot }]
    - when: [{ numeric: { property: room/temperature, above: 20 } }]
      do: [{ notify: warm }, { delay: 1m }, { notify: still the warm branch }]
  else: [{ notify: cool }]`),
    { shadow: { "room/air/temperature": { value: 25, quality: "good" } } },
  );
  open(gateway);
  gateway.report("room/air/temperature", 35);
  gateway.advance(60_000);
  expect(gateway.effects).toEqual(["info: warm", "info: still the warm branch"]);
});

test("repeat counts from 1 and waits inside of each round", () => {
  const gateway = started(`
- repeat: { count: 3 }
  do: [{ notify: "round \${repeat.index}" }, { delay: 10s }]
- { notify: over }`);
  expect(gateway.effects).toEqual(["info: round 1"]);
  gateway.advance(20_000);
  expect(gateway.effects).toEqual(["info: round 1", "info: round 2", "info: round 3"]);
  gateway.advance(10_000);
  expect(gateway.effects.at(-1)).toBe("info: over");
});

test("repeat while asks before each round, until after it", () => {
  const blink = (how: string) => `
- repeat: { ${how}: [{ expression: "count < 3" }] }
  do: [{ variables: { count: "\${count + 1}" } }, { notify: "\${count}" }]`;
  expect(started(blink("while"), "variables: { count: 3 }").effects).toEqual([]);
  expect(started(blink("until"), "variables: { count: 1 }").effects).toEqual(["info: 2"]);
  expect(started(blink("while"), "variables: { count: 0 }").effects).toEqual([
    "info: 1",
    "info: 2",
    "info: 3",
  ]);
});

test("for_each goes through a list, also one that is computed, and rounds nest", () => {
  const gateway = started(
    `
- repeat: { for_each: [a, b] }
  do:
    - repeat: { for_each: "\${numbers}" }
      do: [{ notify: "\${repeat.item}" }]
    - { notify: "outer \${repeat.item}" }`,
    "variables: { numbers: [1, 2] }",
  );
  expect(gateway.effects.map((text) => text.slice(6))).toEqual(["1", "2", "outer a", "1", "2", "outer b"]);
});

test("a round that waits knows its item after a restart", () => {
  const gateway = started(`
- repeat: { for_each: [x, y] }
  do: [{ delay: 1m }, { notify: "\${repeat.item} \${repeat.index}" }]`);
  gateway.advance(30_000);
  gateway.restart();
  gateway.advance(30_000);
  gateway.restart();
  gateway.advance(60_000);
  expect(gateway.effects).toEqual(["info: x 1", "info: y 2"]);
});

test("parallel runs its blocks side by side and goes on when all are done", () => {
  const gateway = started(`
- parallel:
    - [{ notify: left 1 }, { delay: 10s }, { notify: left 2 }]
    - [{ notify: right 1 }, { delay: 30s }, { notify: right 2 }]
- { notify: both }`);
  expect(gateway.effects).toEqual(["info: left 1", "info: right 1"]);
  gateway.advance(10_000);
  gateway.restart();
  expect(gateway.effects.slice(2)).toEqual(["info: left 2"]);
  gateway.advance(20_000);
  expect(gateway.effects.slice(3)).toEqual(["info: right 2", "info: both"]);
});

test("stop ends the whole run from anywhere in it", () => {
  const gateway = started(`
- parallel:
    - [{ delay: 10s }, { sequence: [{ stop: enough }] }]
    - [{ delay: 30s }, { notify: never }]
- { notify: never }`);
  gateway.advance(60_000);
  expect(gateway.effects).toEqual([]);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({
    outcome: "finished",
    detail: expect.stringContaining("enough"),
  });
  expect(gateway.state("r")?.runs).toEqual([]);
});

test("a condition among the actions ends the run that it does not hold for, and says what was seen", () => {
  const gateway = started(`
- { notify: first }
- condition: [{ state: { property: lamp/light/on, is: true } }]
- { notify: never }`);
  expect(gateway.effects).toEqual(["info: first"]);
  const told = gateway.traces.find(({ trace }) => trace.detail?.includes("does not hold"));
  expect(told?.trace.checks).toMatchObject([{ passed: false, seen: null }]);
});

test("a repeat without end and without a wait is cut, the rule pauses, says so, and goes on later by itself", () => {
  const rule = onOpen(`
- repeat: { while: [{ expression: "true" }] }
  do: [{ variables: { a: 1 } }]`);
  const gateway = new Scenario(`${rule}
- { id: other, triggers: [{ state: { property: door/open, to: true } }], actions: [{ notify: other }] }`);
  open(gateway);
  expect(gateway.effects).toEqual([
    expect.stringContaining("warning: Rule r is paused for 1 min: more than 10000 operations"),
    "info: other",
  ]);
  gateway.traces = [];
  open(gateway);
  expect(gateway.diary()).toContain("opened paused");
  gateway.advance(60_000);
  open(gateway);
  expect(gateway.state("r")?.paused).toMatchObject({ times: 2, durationMs: 120_000 });
});
