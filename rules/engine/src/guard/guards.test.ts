import { expect, test } from "vitest";
import { Scenario } from "../../testing/scenario.ts";

const PING_PONG = `
- id: ping
  triggers: [{ state: { property: lamp/light/on } }]
  actions: [{ set: lamp/level, value: "\${trigger.value ? 1 : 0}" }]
- id: pong
  triggers: [{ state: { property: lamp/level } }]
  actions: [{ set: lamp/light/on, value: "\${trigger.value == 0.0}" }]`;

test("rules that lead to each other in a circle are stopped, with the circle in words", () => {
  const gateway = new Scenario(PING_PONG, {
    shadow: {
      "lamp/light/on": { value: false, quality: "good" },
      "lamp/light/level": { value: 0, quality: "good" },
    },
  });
  gateway.report("lamp/light/on", true);
  let rounds = 0;
  for (let effect = gateway.raw.at(-1); effect?.kind === "set" && rounds < 50; effect = gateway.raw.at(-1)) {
    const before = gateway.raw.length;
    gateway.report(`${effect.thing}/${effect.property}`, effect.value, { chain: effect.chain });
    if (gateway.raw.length === before) break;
    rounds++;
  }
  expect(rounds).toBeLessThan(12);
  const failed = gateway.traces.find(({ trace }) => trace.outcome === "failed");
  expect(failed?.trace.detail).toMatch(/^a loop: (ping → pong → ping|pong → ping → pong)$/);
  expect(gateway.effects.at(-1)).toMatch(/warning: Rule (ping|pong) is paused for 1 min: a loop/);
});

test("a rule that calls itself is a loop, too", () => {
  const gateway = new Scenario(`
- id: r
  mode: parallel
  triggers: [{ state: { property: door/open, to: true } }]
  actions: [{ notify: called }, { call: r }]`);
  gateway.report("door/contact/open", true);
  expect(gateway.effects.filter((text) => text === "info: called")).toHaveLength(3);
  expect(gateway.effects.at(-1)).toContain("a loop: r → r");
});

test("a rate limit drops what is more, and lets the next window begin anew", () => {
  const gateway = new Scenario(`
- id: r
  rate_limit: { runs: 2, per: 1m }
  triggers: [{ state: { property: button/kind } }]
  actions: [{ notify: pressed }]`);
  for (let press = 0; press < 5; press++) gateway.report("button/press/kind", "x");
  expect(gateway.effects).toHaveLength(2);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({
    outcome: "mode-dropped",
    detail: "more than 2 runs in 1 min",
  });
  gateway.restart();
  gateway.report("button/press/kind", "x");
  expect(gateway.effects).toHaveLength(2);
  gateway.advance(60_000);
  gateway.report("button/press/kind", "x");
  expect(gateway.effects).toHaveLength(3);
});

test("a rule that fires thousands of times pauses, and others run", () => {
  const gateway = new Scenario(`
- { id: wild, triggers: [{ state: { property: button/kind } }], actions: [{ notify: wild }] }
- { id: calm, triggers: [{ state: { property: button/kind, to: last } }], actions: [{ notify: calm }] }`);
  for (let press = 0; press < 2_500; press++) gateway.report("button/press/kind", "x");
  gateway.report("button/press/kind", "last");
  expect(gateway.effects.filter((text) => text === "info: wild")).toHaveLength(2_000);
  expect(gateway.effects.filter((text) => text.includes("ran away"))).toHaveLength(1);
  expect(gateway.effects.at(-1)).toBe("info: calm");
  gateway.control("wild", { do: "resume", by: "api:ann" });
  gateway.advance(10_000);
  gateway.report("button/press/kind", "x");
  expect(gateway.effects.at(-1)).toBe("info: wild");
});

test("a loop that forgot its pause is stopped after a minute at the latest, and one that has it goes on", () => {
  const loop = (id: string, delay: string) =>
    `- { id: ${id}, triggers: [{ state: { property: door/open, to: true } }], ` +
    `actions: [{ repeat: { while: [{ expression: "true" }] }, do: [{ delay: ${delay} }] }] }`;
  const gateway = new Scenario([loop("wild", "1ms"), loop("blink", "100ms")].join("\n"));
  gateway.report("door/contact/open", true);
  for (let time = 0; time < 3_000; time++) gateway.advance(1);
  const failed = gateway.traces.filter(({ trace }) => trace.outcome === "failed");
  expect(failed.map(({ rule, trace }) => [rule, trace.detail])).toEqual([
    ["wild", "it ran away: more than 1200 steps in 1 min"],
  ]);
  expect(gateway.state("wild")?.runs).toEqual([]);
  expect(gateway.effects.at(-1)).toMatch(/warning: Rule wild is paused for 1 min: it ran away/);
  for (let time = 0; time < 1_800; time++) gateway.advance(100);
  expect(gateway.state("blink")?.runs).toHaveLength(1);
  expect(gateway.state("blink")?.paused).toBeUndefined();
});

test("two rules that want different things of one actuator are told of each other", () => {
  const gateway = new Scenario(`
- { id: on, triggers: [{ state: { property: door/open, to: true } }], actions: [{ set: lamp/light/on, value: true }] }
- { id: off, triggers: [{ state: { property: room/humidity, to: 50 } }], actions: [{ set: lamp/light/on, value: false }] }`);
  gateway.report("door/contact/open", true);
  gateway.advance(5_000);
  gateway.report("room/air/humidity", 50);
  const told = gateway.traces.filter(({ trace }) => trace.outcome === "conflict");
  expect(told.map(({ rule }) => rule)).toEqual(["off", "on"]);
  expect(told[0]?.trace.detail).toContain("on wanted true, and off 5 s later false");
  gateway.traces = [];
  gateway.advance(10_001);
  gateway.report("door/contact/open", false);
  gateway.report("door/contact/open", true);
  expect(gateway.diary()).not.toContain(" conflict");
});

test("a pause is twice as long each time, at most an hour, and short again after a calm", () => {
  const gateway = new Scenario(`
- id: r
  mode: parallel
  triggers: [{ state: { property: door/open, to: true } }]
  actions: [{ call: r }]`);
  const lengths: number[] = [];
  const provoke = () => {
    gateway.report("door/contact/open", false);
    gateway.report("door/contact/open", true);
    const { paused } = gateway.state("r") ?? {};
    lengths.push(paused?.durationMs ?? 0);
    gateway.advance(paused?.durationMs ?? 0);
  };
  for (let time = 0; time < 8; time++) provoke();
  expect(lengths.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  gateway.powerCut(7 * 3_600_000);
  provoke();
  expect(lengths.at(-1)).toBe(60_000);
});
