import { expect, test } from "vitest";
import { Scenario } from "../../testing/scenario.ts";

const PRESS = "button/press/kind";

function pressRule(mode: string, more = ""): string {
  return `
- id: r
  mode: ${mode}${more}
  triggers: [{ id: press, state: { property: ${PRESS} } }]
  actions: [{ notify: begin }, { delay: 10s }, { notify: end }]
`;
}

test("actions run one after the other, and all that takes no time in one step", () => {
  const gateway = new Scenario(`
- id: r
  triggers: [{ state: { property: ${PRESS} } }]
  actions:
    - { set: lamp/light/on, value: true }
    - { set: lamp/light/level, value: 40 }
    - { delay: 0s }
    - { delay: 1m }
    - { notify: Good night, level: alarm }
    - { set: lamp/light/on, value: false }
`);
  const { effects } = gateway.report(PRESS, "x");
  const alone = { awaited: false, chain: ["r"] };
  expect(effects).toEqual([
    { kind: "set", id: "r-1.1", rule: "r", thing: "lamp", property: "light/on", value: true, ...alone },
    { kind: "set", id: "r-1.2", rule: "r", thing: "lamp", property: "light/level", value: 40, ...alone },
  ]);
  gateway.advance(59_999);
  expect(gateway.effects).toHaveLength(2);
  gateway.advance(1);
  expect(gateway.effects.slice(2)).toEqual(["alarm: Good night", "lamp/light/on=false"]);
  expect(gateway.state("r")?.runs).toEqual([]);
  expect(gateway.state("r")?.actions).toEqual({});
  expect(gateway.traces.map(({ trace }) => [trace.outcome, trace.detail, trace.runId])).toEqual([
    ["fired", undefined, "r-1"],
    ["action", "actions[0]: set lamp/light/on to true", "r-1"],
    ["action", "actions[1]: set lamp/light/level to 40", "r-1"],
    ["action", "actions[2]: wait 0 ms", "r-1"],
    ["action", "actions[3]: wait 1 min", "r-1"],
    ["action", "actions[4]: notify (alarm) Good night", "r-1"],
    ["action", "actions[5]: set lamp/light/on to false", "r-1"],
    ["finished", undefined, "r-1"],
  ]);
});

test("single: a firing while a run is under way is dropped", () => {
  const gateway = new Scenario(pressRule("single"));
  gateway.report(PRESS, "x");
  gateway.advance(5_000);
  gateway.report(PRESS, "x");
  expect(gateway.diary()).toContain("press mode-dropped");
  gateway.advance(5_000);
  expect(gateway.effects).toEqual(["info: begin", "info: end"]);
  gateway.report(PRESS, "x");
  expect(gateway.effects).toHaveLength(3);
});

test("restart: the run under way is cancelled, and its delay begins anew", () => {
  const gateway = new Scenario(pressRule("restart"));
  gateway.report(PRESS, "x");
  gateway.advance(5_000);
  gateway.report(PRESS, "x");
  gateway.advance(9_999);
  expect(gateway.effects).toEqual(["info: begin", "info: begin"]);
  gateway.advance(1);
  expect(gateway.effects).toEqual(["info: begin", "info: begin", "info: end"]);
  expect(gateway.diary()).toContain("press cancelled");
});

test("queued: runs wait for one another, up to max with the one under way", () => {
  const gateway = new Scenario(pressRule("queued", "\n  max: 2"));
  gateway.report(PRESS, "x");
  gateway.report(PRESS, "x");
  gateway.report(PRESS, "x");
  expect(gateway.diary().filter((line) => !line.endsWith("action"))).toEqual([
    "press fired",
    "press fired",
    "press mode-dropped",
  ]);
  expect(gateway.effects).toEqual(["info: begin"]);
  gateway.advance(10_000);
  expect(gateway.effects).toEqual(["info: begin", "info: end", "info: begin"]);
  gateway.restart();
  gateway.advance(10_000);
  expect(gateway.effects).toEqual(["info: begin", "info: end", "info: begin", "info: end"]);
});

test("parallel: runs go beside one another, up to max", () => {
  const gateway = new Scenario(pressRule("parallel", "\n  max: 2"));
  gateway.report(PRESS, "x");
  gateway.advance(4_000);
  gateway.report(PRESS, "x");
  gateway.report(PRESS, "x");
  expect(gateway.diary()).toContain("press mode-dropped");
  gateway.advance(6_000);
  expect(gateway.effects).toEqual(["info: begin", "info: begin", "info: end"]);
  gateway.advance(4_000);
  expect(gateway.effects).toEqual(["info: begin", "info: begin", "info: end", "info: end"]);
});

test.each(["queued", "parallel"])("%s: max is 10 unless said", (mode) => {
  const gateway = new Scenario(pressRule(mode));
  for (let press = 0; press < 12; press++) gateway.report(PRESS, "x");
  expect(gateway.diary().filter((line) => line === "press mode-dropped")).toHaveLength(2);
});

test("run ids count on through restarts and changes of the rule", () => {
  const gateway = new Scenario(pressRule("parallel"));
  gateway.report(PRESS, "x");
  gateway.powerCut(60_000);
  gateway.recompile(pressRule("parallel", "\n  max: 50"));
  gateway.report(PRESS, "x");
  const ids = gateway.traces.filter(({ trace }) => trace.outcome === "fired").map(({ trace }) => trace.runId);
  expect(ids).toEqual(["r-1", "r-2"]);
});

test("a delay survives a power cut: the outage counts when the clocks were trusted", () => {
  const gateway = new Scenario(pressRule("single"));
  gateway.report(PRESS, "x");
  gateway.powerCut(3_600_000);
  expect(gateway.effects).toEqual(["info: begin", "info: end"]);
});

test("a delay survives a power cut: with an untrusted clock it counts from the boot", () => {
  const gateway = new Scenario(pressRule("single").replace("10s", "10m"));
  gateway.report(PRESS, "x");
  gateway.powerCut(3_600_000, { trust: "untrusted" });
  gateway.advance(600_000 - 20_000 - 1);
  expect(gateway.effects).toEqual(["info: begin"]);
  gateway.advance(1);
  expect(gateway.effects).toEqual(["info: begin", "info: end"]);
});

test("a delay that began under a clock a day ahead is not a day longer after a power cut", () => {
  const gateway = new Scenario(pressRule("single").replace("10s", "10m"));
  gateway.clock(86_400_000);
  gateway.report(PRESS, "x");
  gateway.powerCut(-86_400_000);
  gateway.advance(600_000);
  expect(gateway.effects).toEqual(["info: begin", "info: end"]);
});

test("a delay that begins at a fraction of a millisecond comes due when it was asked for", () => {
  for (let tenths = 0; tenths < 200; tenths++) {
    const gateway = new Scenario(pressRule("single"));
    gateway.sleep(tenths / 10);
    gateway.report(PRESS, "x");
    const wakeup = gateway.runner.nextWakeup ?? 0;
    // Timers that were told a duration come back a rounding error early.
    gateway.now = { ...gateway.now, monotonic: wakeup - 1e-7 };
    gateway.send({ kind: "wakeup" });
    expect(gateway.effects).toEqual(["info: begin", "info: end"]);
  }
});

test("what goes on after a restart is in the diary, and not after a mere recompilation", () => {
  const gateway = new Scenario(pressRule("single"));
  gateway.report(PRESS, "x");
  gateway.diary();
  gateway.recompile(pressRule("single"));
  expect(gateway.diary()).toEqual([]);
  gateway.sleep(4_000);
  gateway.restart();
  expect(gateway.traces).toMatchObject([{ trace: { outcome: "resumed", detail: "6 s left", runId: "r-1" } }]);
});

test("a write to a Thing that is not known fails, and the run goes on", () => {
  const gateway = new Scenario(
    `- { id: r, triggers: [{ state: { property: ${PRESS} } }], actions: [{ set: porch/on, value: true }, { notify: done }] }`,
  );
  gateway.report(PRESS, "x");
  expect(gateway.effects).toEqual(["info: done"]);
  expect(gateway.diary()).toContain("triggers[0] failed");
});

test("a write to a Thing that is announced during the delay before it works", () => {
  const rules = `- { id: r, triggers: [{ state: { property: ${PRESS} } }], actions: [{ delay: 5s }, { set: porch/on, value: true }] }`;
  const gateway = new Scenario(rules);
  gateway.report(PRESS, "x");
  gateway.things = [
    ...gateway.things,
    { id: "porch", title: "", properties: { "a/on": { type: "boolean" } } },
  ];
  gateway.recompile(rules);
  gateway.advance(5_000);
  expect(gateway.effects).toEqual(["porch/a/on=true"]);
});

test("a rule that wants more than 10,000 operations at one go is paused, and others run", () => {
  const gateway = new Scenario(`
- { id: greedy, triggers: [{ state: { property: ${PRESS} } }], actions: [{ repeat: { count: 20000 }, do: [{ notify: x }] }] }
- { id: modest, triggers: [{ state: { property: ${PRESS} } }], actions: [{ notify: modest }] }
`);
  gateway.report(PRESS, "x");
  // An action and a round cost one each.
  expect(gateway.effects.filter((effect) => effect === "info: x")).toHaveLength(4_999);
  expect(gateway.effects.at(-1)).toBe("info: modest");
  expect(gateway.traces.find(({ trace }) => trace.outcome === "failed")?.trace.detail).toContain(
    "10000 operations",
  );
  expect(gateway.state("greedy")?.paused).toMatchObject({ times: 1, durationMs: 60_000 });
  expect(gateway.state("greedy")?.runs).toEqual([]);
});

test.each([
  ["itself, while it runs", "call: asks", "single", "more than 1000 calls at one go"],
  ["a rule that is off", "call: off", "single", "more than 1000 calls at one go"],
  ["one that calls back", "call: back", "parallel", "a loop: asks → back → asks"],
])("a rule that asks %s again and again is paused, and others run", (_what, call, mode, reason) => {
  const gateway = new Scenario(`
- id: asks
  mode: ${mode}
  triggers: [{ state: { property: ${PRESS} } }]
  actions: [{ repeat: { until: [{ expression: "false" }] }, do: [{ ${call}, wait: true }] }]
- { id: off, enabled: false, triggers: [{ webhook: a-long-secret }], actions: [{ notify: off }] }
- { id: back, mode: parallel, triggers: [{ webhook: a-long-secret }], actions: [{ call: asks, wait: true }] }
- { id: modest, triggers: [{ state: { property: ${PRESS} } }], actions: [{ notify: modest }] }
`);
  gateway.report(PRESS, "x");
  expect(gateway.effects).toContain("info: modest");
  expect(gateway.state("asks")?.paused).toMatchObject({ reason });
  expect([gateway.state("asks")?.runs, gateway.state("back")?.runs]).toEqual([[], []]);
  expect(gateway.traces.length).toBeLessThan(10_000);
});

const guarded = (variable: string) => `
- id: r
  variables: { doubled: "${variable}" }
  triggers: [{ id: humid, state: { property: room/humidity } }]
  conditions: [{ expression: doubled > 10.0 }]
  actions: [{ notify: "\${doubled}" }]
`;

test("conditions of a rule see its variables", () => {
  const gateway = new Scenario(guarded("${trigger.value * 2}"));
  for (const humidity of [1, 4, 6]) gateway.report("room/air/humidity", humidity);
  expect(gateway.effects).toEqual(["info: 12"]);
});

test("a variable that cannot be computed for the conditions is told, and no run begins", () => {
  const gateway = new Scenario(guarded("${value('room/temperature') * 2}"));
  for (const humidity of [1, 2]) gateway.report("room/air/humidity", humidity);
  expect(gateway.effects).toEqual([]);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({ trigger: "humid", outcome: "failed" });
  expect(gateway.state("r")?.runs).toEqual([]);
});

test.each(["{ disable: r }", "{ disable: { group: g } }"])(
  "a rule that ends with %s does not fire at that moment",
  (action) => {
    const gateway = new Scenario(`
- id: r
  group: g
  triggers: [{ id: press, state: { property: ${PRESS} } }, { id: minute, time_pattern: { minutes: "*" } }]
  actions: [{ delay: 1m }, ${action}]
`);
    gateway.advance(60_000);
    gateway.advance(60_000);
    gateway.advance(60_000);
    expect(gateway.traces.filter(({ trace }) => trace.outcome === "fired")).toHaveLength(1);
    expect(gateway.runner.status("r" as never)).toMatchObject({ enabled: false });
  },
);
