import { expect, test } from "vitest";
import { Scenario, type ScenarioOptions, thing } from "../testing/scenario.ts";

const PRESS = "button/press/kind";

/** A gateway with one rule that a press of the button runs, if the condition holds. */
function gatewayWith(condition: string, options: ScenarioOptions & { head?: string } = {}): Scenario {
  const gateway = new Scenario(
    `- id: r
  ${options.head ?? ""}
  triggers: [{ id: pressed, state: { property: ${PRESS} } }, { id: hook, webhook: a-long-secret }]
  conditions: [{ ${condition} }]
  actions: [{ notify: x }]`,
    options,
  );
  expect(gateway.program.broken).toEqual([]);
  return gateway;
}

/** Whether the rule runs when the button is pressed now. */
function holds(gateway: Scenario): boolean {
  const before = gateway.effects.length;
  gateway.report(PRESS, "x");
  return gateway.effects.length > before;
}

test("a condition with `for` holds once it has been so for long enough, over restarts and lost values", () => {
  const gateway = gatewayWith("numeric: { property: room/temperature, above: 30 }, for: 10m");
  gateway.report("room/air/temperature", 31);
  expect(holds(gateway)).toBe(false);
  gateway.advance(300_000);
  gateway.quality("room/air/temperature", "stale");
  gateway.report("room/air/temperature", 20, { quality: "bad" });
  gateway.restart();
  gateway.report("room/air/temperature", 35);
  gateway.advance(299_000);
  expect(holds(gateway)).toBe(false);
  expect(gateway.traces.at(-1)?.trace.checks[0]?.what).toContain("only for 9 min so far");
  gateway.advance(1_000);
  expect(holds(gateway)).toBe(true);
  gateway.report("room/air/temperature", 30);
  gateway.report("room/air/temperature", 31);
  expect(holds(gateway)).toBe(false);
});

test("what holds already when the rule comes counts from then, or from where it is known to have begun", () => {
  const since = { wall: 0, monotonic: 40_000, bootId: "boot-1", trust: "synced" } as const;
  const shadow = (known: object) => ({
    "door/contact/open": { value: true, quality: "good" as const, ...known },
  });
  expect(
    holds(gatewayWith("state: { property: door/open, is: true }, for: 1m", { shadow: shadow({}) })),
  ).toBe(false);
  expect(
    holds(gatewayWith("state: { property: door/open, is: true }, for: 1m", { shadow: shadow({ since }) })),
  ).toBe(true);
});

test("one of several values, and a part of a value", () => {
  const things = [
    thing("cat", { "gps/place": { type: "object" } }),
    thing("button", { "press/kind": { type: "string", momentary: true } }),
  ];
  const gateway = gatewayWith("state: { property: cat/place, attribute: room, is: [hall, kitchen] }", {
    things,
  });
  expect(holds(gateway)).toBe(false);
  gateway.report("cat/gps/place", { room: "kitchen" });
  expect(holds(gateway)).toBe(true);
});

test("presence: someone, everyone, nobody, by a property or by being there, and for how long", () => {
  const things = [
    thing("ann", { "presence/home": { type: "boolean" } }),
    thing("phone", {}),
    thing("button", { "press/kind": { type: "string", momentary: true } }),
  ];
  const options = { things, members: { person: ["ann", "phone"] } };
  const someone = gatewayWith("presence: { is: someone }", options);
  const everyone = gatewayWith("presence: { is: everyone }", options);
  const nobody = gatewayWith("presence: { is: nobody }, for: 5m", options);
  const all = [someone, everyone, nobody];
  expect(all.map(holds)).toEqual([false, false, false]);
  for (const gateway of all) gateway.advance(300_000);
  expect(all.map(holds)).toEqual([false, false, true]);
  for (const gateway of all) gateway.report("ann/presence/home", true);
  expect(all.map(holds)).toEqual([true, false, false]);
  for (const gateway of all) gateway.becomes("phone", "ready");
  expect(all.map(holds)).toEqual([true, true, false]);
});

test("which trigger fired, the clock, the bridge, availability", () => {
  expect(holds(gatewayWith("trigger: [pressed, other]"))).toBe(true);
  expect(holds(gatewayWith("trigger: hook"))).toBe(false);
  expect(holds(gatewayWith("clock: trusted"))).toBe(true);
  expect(holds(gatewayWith("clock: trusted", { trust: "untrusted" }))).toBe(false);
  expect(holds(gatewayWith("clock: holdover", { trust: "holdover" }))).toBe(true);
  const bridge = gatewayWith("bridge: { is: offline }");
  expect(holds(bridge)).toBe(false);
  bridge.bridge("aws", true);
  expect(holds(bridge)).toBe(false);
  bridge.bridge("aws", false);
  expect(holds(bridge)).toBe(true);
  const lamp = gatewayWith("availability: { thing: [lamp, door], is: [ready, sleeping] }");
  lamp.becomes("lamp", "ready");
  expect(holds(lamp)).toBe(false);
  lamp.becomes("door", "sleeping");
  expect(holds(lamp)).toBe(true);
});

test("the sun and a weekly table; what asks the clock waits until that can be believed, unless the rule says otherwise", () => {
  const night = { wall: Date.UTC(2026, 5, 1, 20) }; // 03:00 in Hanoi
  const dark = "sun: { after: { event: sunset }, before: { event: sunrise } }";
  expect(holds(gatewayWith(dark, night))).toBe(true);
  expect(holds(gatewayWith(dark, { wall: Date.UTC(2026, 5, 1, 3) }))).toBe(false);
  expect(holds(gatewayWith(dark, { ...night, trust: "untrusted" }))).toBe(false);
  expect(holds(gatewayWith(dark, { ...night, trust: "untrusted", head: "when_untrusted: run" }))).toBe(true);
  const table = 'schedule: { week: { weekdays: ["05:00-07:00"], sun: ["00:00-24:00"] } }';
  expect(holds(gatewayWith(table))).toBe(true);
  expect(holds(gatewayWith(table, { wall: Date.UTC(2026, 5, 1, 7) }))).toBe(false);
  expect(holds(gatewayWith(table, { wall: Date.UTC(2026, 5, 7, 23) }))).toBe(true);
});

test("an expression, and what it says when it cannot be answered", () => {
  const gateway = gatewayWith(`expression: "value('room/temperature') > 20.0"`);
  expect(holds(gateway)).toBe(false);
  expect(gateway.traces.at(-1)?.trace.checks[0]?.what).toContain("room/temperature is not known");
  gateway.report("room/air/temperature", 21);
  expect(holds(gateway)).toBe(true);
});

test("what another rule is up to", () => {
  const gateway = new Scenario(`
- { id: other, triggers: [{ state: { property: door/open, to: true } }], actions: [{ delay: 1m }] }
- { id: idle, triggers: [{ state: { property: ${PRESS} } }], conditions: [{ rule: { id: other, is: idle } }], actions: [{ notify: idle }] }
- { id: running, triggers: [{ state: { property: ${PRESS} } }], conditions: [{ rule: { id: other, is: running } }], actions: [{ notify: running }] }
- { id: off, triggers: [{ state: { property: ${PRESS} } }], conditions: [{ rule: { id: other, is: disabled } }], actions: [{ notify: off }] }`);
  gateway.report(PRESS, "x");
  gateway.report("door/contact/open", true);
  gateway.report(PRESS, "x");
  gateway.control("other", { do: "disable", by: "api:ann" });
  gateway.report(PRESS, "x");
  expect(gateway.effects).toEqual(["info: idle", "info: running", "info: running", "info: off"]);
});

test("the variables of a rule are known to its conditions; what cannot be computed is told, and nothing runs", () => {
  const head = "variables: { limit: \"${value('room/temperature') + 1.0}\" }";
  const gateway = gatewayWith('expression: "limit > 21.0"', { head });
  expect(holds(gateway)).toBe(false);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({
    outcome: "failed",
    detail: expect.stringMatching(/^variables.limit: .*not known/),
  });
  gateway.report("room/air/temperature", 20);
  expect(holds(gateway)).toBe(false);
  gateway.report("room/air/temperature", 20.1);
  expect(holds(gateway)).toBe(true);
});
