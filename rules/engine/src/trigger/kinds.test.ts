import { expect, test } from "vitest";
import { Scenario, type ScenarioOptions, thing } from "../../testing/scenario.ts";

function rule(trigger: string, more = ""): string {
  return `
- id: r
  triggers: [${trigger}]
  ${more}
  actions: [{ notify: "\${trigger.kind}" }]`;
}

function gatewayWith(trigger: string, options: ScenarioOptions & { more?: string } = {}): Scenario {
  const gateway = new Scenario(rule(trigger, options.more), options);
  expect(gateway.program.broken).toEqual([]);
  return gateway;
}

test("hysteresis: true above 30 until at most 28", () => {
  const gateway = gatewayWith("{ numeric: { property: room/temperature, above: 30, hysteresis: 2 } }");
  for (const value of [25, 31, 29, 31, 28.5, 30.5]) gateway.report("room/air/temperature", value);
  expect(gateway.effects).toHaveLength(1);
  gateway.report("room/air/temperature", 28);
  gateway.report("room/air/temperature", 30.5);
  expect(gateway.effects).toHaveLength(2);
});

test("a part of a value that is a map", () => {
  const things = [thing("cat", { "gps/place": { type: "object" } })];
  const gateway = gatewayWith(
    "{ state: { property: cat/place, attribute: room.name, to: [kitchen, hall] } }",
    { things },
  );
  gateway.report("cat/gps/place", { room: { name: "garden" } });
  gateway.report("cat/gps/place", { room: { name: "hall" }, since: 5 });
  gateway.report("cat/gps/place", { room: {} });
  gateway.report("cat/gps/place", { room: { name: "hall" } });
  expect(gateway.effects).toEqual(["info: state"]);
});

test("any of several properties, each with an edge of its own", () => {
  const things = ["a", "b"].map((id) => thing(id, { "contact/open": { type: "boolean" } }));
  const gateway = gatewayWith("{ state: { property: { tag: doors, property: open }, to: true } }", {
    things,
    members: { doors: ["a", "b"] },
  });
  gateway.report("a/contact/open", true);
  gateway.report("a/contact/open", true);
  gateway.report("b/contact/open", true);
  expect(gateway.effects).toHaveLength(2);
});

test("an expression fires when it becomes true, by whichever of its properties; `for` and all", () => {
  const gateway = gatewayWith(
    `{ expression: "value('room/temperature') > value('room/humidity')", for: 10s }`,
  );
  gateway.report("room/air/temperature", 20);
  gateway.report("room/air/humidity", 50);
  gateway.report("room/air/humidity", 10);
  gateway.advance(5_000);
  gateway.quality("room/air/humidity", "stale");
  gateway.restart();
  gateway.advance(5_000);
  expect(gateway.effects).toEqual(["info: expression"]);
  gateway.report("room/air/temperature", 30);
  expect(gateway.effects).toHaveLength(1);
});

test("an expression of the time is looked at each minute", () => {
  const gateway = gatewayWith(`{ expression: "local().minute == 30" }`);
  gateway.advance(29 * 60_000);
  expect(gateway.effects).toEqual([]);
  gateway.advance(60_000);
  expect(gateway.effects).toEqual(["info: expression"]);
  gateway.advance(3_600_000);
  expect(gateway.effects).toHaveLength(2);
});

test("availability, with `for`, of one Thing or of those with a tag", () => {
  const gateway = gatewayWith("{ availability: { thing: lamp, to: [lost, disconnected] }, for: 1m }");
  gateway.becomes("lamp", "ready");
  gateway.becomes("lamp", "lost");
  gateway.advance(59_000);
  gateway.becomes("lamp", "ready");
  gateway.becomes("lamp", "lost");
  gateway.advance(60_000);
  expect(gateway.effects).toEqual(["info: availability"]);
});

test("the bridge comes and goes", () => {
  const gateway = gatewayWith("{ bridge: { to: offline }, for: 5m }");
  gateway.bridge("aws", true);
  gateway.bridge("aws", false);
  gateway.advance(300_000);
  expect(gateway.effects).toEqual(["info: bridge"]);
  const named = gatewayWith("{ bridge: { to: online, provider: ibm } }");
  named.bridge("aws", true);
  expect(named.effects).toEqual([]);
  named.bridge("ibm", true);
  expect(named.effects).toHaveLength(1);
});

test.each([
  ["{ mqtt: { topic: farm/+/temp } }", "farm/room1/temp", "31", 1],
  ["{ mqtt: { topic: farm/+/temp } }", "farm/room1/humidity", "31", 0],
  ["{ mqtt: { topic: 'farm/#', payload: [31, 32] } }", "farm/room1/temp", "31", 1],
  ["{ mqtt: { topic: farm/x, payload: on } }", "farm/x", "off", 0],
  ["{ mqtt: { topic: farm/x, path: a.b, payload: 3 } }", "farm/x", '{"a":{"b":3}}', 1],
  ["{ mqtt: { topic: farm/x, path: a.b } }", "farm/x", "not json", 0],
  ["{ mqtt: { topic: '+/x' } }", "$SYS/x", "1", 0],
])("%s meets %s %s: %d", (trigger, topic, payload, count) => {
  const gateway = gatewayWith(trigger);
  gateway.message(topic, payload);
  expect(gateway.effects).toHaveLength(count);
});

test("events of Things, with what their data must hold", () => {
  const gateway = gatewayWith("{ event: { thing: button, event: knock, data: { times: 2 } } }");
  gateway.occurs("button", "knock", { times: 1 });
  gateway.occurs("button", "knock", { times: 2, hand: "left" });
  gateway.occurs("button", "other", { times: 2 });
  expect(gateway.effects).toEqual(["info: event"]);
});

test("webhooks, the start of the gateway, and the clock", () => {
  const hook = gatewayWith("{ webhook: a-long-secret }");
  hook.webhook("another-one");
  hook.webhook("a-long-secret", { a: 1 });
  expect(hook.effects).toEqual(["info: webhook"]);

  const boot = gatewayWith("{ gateway: started }");
  const first = boot.effects.length;
  boot.restart();
  boot.recompile(rule("{ gateway: started }"));
  expect(boot.effects.length - first).toBe(1);

  const clock = gatewayWith("{ clock: synced }");
  clock.clock(0, "untrusted");
  clock.clock(1_000, "synced");
  clock.clock(1_000, "synced");
  expect(clock.effects).toEqual(["info: clock"]);
  const stepped = gatewayWith("{ clock: stepped }");
  stepped.clock(5_000);
  stepped.clock(0, "holdover");
  expect(stepped.effects).toHaveLength(1);
});

test("a trigger that is switched off does nothing; one may have a run mode of its own", () => {
  const gateway = new Scenario(`
- id: r
  mode: single
  triggers:
    - { id: off, enabled: false, state: { property: door/open, to: false } }
    - { id: patient, state: { property: door/open, to: true } }
    - { id: eager, mode: restart, state: { property: lamp/light/on, to: true } }
  actions: [{ notify: "\${trigger.id}" }, { delay: 1h }]`);
  gateway.report("door/contact/open", true);
  gateway.report("door/contact/open", false);
  gateway.report("door/contact/open", true);
  expect(gateway.effects).toEqual(["info: patient"]);
  gateway.report("lamp/light/on", true);
  expect(gateway.effects).toEqual(["info: patient", "info: eager"]);
  expect(gateway.state("r")?.runs).toHaveLength(1);
});

test("every look is remembered with its reason, rejections included", () => {
  const gateway = gatewayWith("{ numeric: { property: room/temperature, above: 30 } }");
  const verdict = () => gateway.runner.looks("r" as never).get("0");
  gateway.report("room/air/temperature", 20);
  expect(verdict()).toMatchObject({ seen: 20, verdict: "not true" });
  gateway.report("room/air/temperature", 31);
  expect(verdict()).toMatchObject({ verdict: "fired" });
  gateway.report("room/air/temperature", 32);
  expect(verdict()).toMatchObject({ seen: 32, verdict: expect.stringContaining("was true before") });
  gateway.quality("room/air/temperature", "stale");
  expect(verdict()).toMatchObject({ verdict: "the value is stale" });
});
