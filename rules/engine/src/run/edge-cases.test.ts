import { expect, test } from "vitest";
import { Scenario, thing } from "../../testing/scenario.ts";

const OPEN = "door/contact/open";
const TEMPERATURE = "room/air/temperature";
const HOOK = "{ webhook: a-long-secret }";

function hooked(actions: string, head = ""): string {
  return `- id: r\n  ${head}\n  triggers: [${HOOK}]\n  actions:\n${actions.replace(/^/gm, "    ")}\n`;
}

test("an expression over several lines knows the rule's variables", () => {
  const gateway = new Scenario(
    hooked(
      `- if:
    - expression: |
        trigger.data > 3.0 &&
        limit == 5.0
  then: [{ notify: "yes" }]
  else: [{ notify: "no" }]
- { set: lamp/level, value: "\${\\n\\tlimit\\n}" }`,
      "variables: { limit: 5 }",
    ),
  );
  expect(gateway.program.broken).toEqual([]);
  gateway.webhook("a-long-secret", 7);
  expect(gateway.effects).toEqual(["info: yes", "lamp/light/level=5"]);
});

test("what a run can no longer read, for the house has changed, fails and does nothing in its place", () => {
  const rules = hooked(`- { delay: 1m }
- if: [{ not: { expression: "value('room/air/humidity') > 3.0" } }]
  then: [{ notify: dry }]`);
  const gateway = new Scenario(rules);
  gateway.webhook("a-long-secret");
  gateway.things = gateway.things.map((one) => (one.id === "room" ? thing("room", {}) : one));
  gateway.recompile("[]".replace("[]", `${rules}`));
  gateway.advance(60_000);
  expect(gateway.effects).toEqual([]);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({
    outcome: "failed",
    detail: expect.stringContaining("humidity"),
  });
});

test("a duty cycle is no loop, however long it goes", () => {
  const gateway = new Scenario(
    `
- { id: rest, triggers: [{ state: { property: lamp/light/on, to: true }, for: 30m }], actions: [{ set: lamp/light/on, value: false }] }
- { id: work, triggers: [{ state: { property: lamp/light/on, to: false } }], mode: restart, actions: [{ delay: 30m }, { set: lamp/light/on, value: true }] }`,
    { shadow: { "lamp/light/on": { value: false, quality: "good" } } },
  );
  gateway.report("lamp/light/on", true);
  for (let half = 0; half < 20; half++) {
    const before = gateway.raw.length;
    gateway.advance(30 * 60_000);
    const effect = gateway.raw[before];
    expect(effect?.kind).toBe("set");
    if (effect?.kind === "set") gateway.report("lamp/light/on", effect.value, { chain: effect.chain });
  }
});

test("another threshold at the same place has a memory of its own", () => {
  const rule = (above: number) =>
    `- { id: r, triggers: [${HOOK}], conditions: [{ numeric: { property: room/temperature, above: ${above} }, for: 10m }], actions: [{ notify: hot }] }`;
  const gateway = new Scenario(rule(20));
  gateway.report(TEMPERATURE, 26);
  gateway.advance(3_600_000);
  gateway.recompile(rule(25));
  gateway.webhook("a-long-secret");
  expect(gateway.effects).toEqual([]);
  gateway.advance(600_000);
  gateway.webhook("a-long-secret");
  expect(gateway.effects).toEqual(["info: hot"]);
});

test("runs of an older version hear what their conditions with `for` ask about", () => {
  const gateway = new Scenario(
    hooked(`- { delay: 20m }
- if: [{ state: { property: door/open, is: true }, for: 5m }]
  then: [{ notify: "open" }]
  else: [{ notify: "not" }]`),
  );
  gateway.report(OPEN, false);
  gateway.webhook("a-long-secret");
  gateway.recompile(hooked("- { notify: new }"));
  gateway.report(OPEN, true);
  const { size } = gateway.saved;
  gateway.advance(20 * 60_000);
  expect(size).toBe(1);
  expect(gateway.effects).toEqual(["info: open"]);
});

test("a wait for an expression of the time wakes up", () => {
  const gateway = new Scenario(
    hooked(`- wait_for: [{ expression: "local().minute >= 5" }]
- { notify: later }`),
  );
  gateway.webhook("a-long-secret");
  gateway.advance(5 * 60_000);
  expect(gateway.effects).toEqual(["info: later"]);
});

test("when_untrusted: run counts for waits, and for a rule that is switched on", () => {
  const gateway = new Scenario(
    hooked(`- wait_for: [{ time: "06:05" }]\n- { notify: five past }`, "when_untrusted: run"),
    {
      trust: "untrusted",
    },
  );
  gateway.webhook("a-long-secret");
  gateway.advance(5 * 60_000);
  expect(gateway.effects).toEqual(["info: five past"]);
});

test("a clock that becomes right is told of, also when a reading came in between", () => {
  const gateway = new Scenario("- { id: r, triggers: [{ clock: synced }], actions: [{ notify: right }] }", {
    trust: "untrusted",
  });
  gateway.now = { ...gateway.now, trust: "synced" };
  gateway.report(TEMPERATURE, 20);
  gateway.send({ kind: "clock", stepMs: 0, trust: "synced" });
  expect(gateway.effects).toEqual(["info: right"]);
});

test.each([
  [
    "queues behind it",
    `- { id: a, mode: queued, triggers: [${HOOK}], actions: [{ call: a, wait: true }, { notify: "\${result.state}" }] }`,
  ],
  [
    "has switched itself off",
    `- { id: a, triggers: [${HOOK}], actions: [{ call: b, wait: true }, { notify: "\${result.state}" }] }
- { id: b, triggers: [{ time: "03:00" }], actions: [{ disable: b }, { call: b, wait: true }] }`,
  ],
])("who waits for a run that %s does not wait for ever", (_name, rules) => {
  const gateway = new Scenario(rules);
  gateway.webhook("a-long-secret");
  gateway.advance(86_400_000);
  expect(gateway.effects.length).toBeGreaterThan(0);
  expect(gateway.state("a")?.runs).toEqual([]);
});

test("who waits behind more calls than one step has goes on", () => {
  const gateway = new Scenario(`
- { id: a, triggers: [${HOOK}], actions: [{ repeat: { count: 1100 }, do: [{ call: b }] }, { call: b, wait: true }, { notify: "\${result.state}" }] }
- { id: b, triggers: [{ time: "03:00" }], actions: [{ stop: x }] }`);
  gateway.webhook("a-long-secret");
  expect(gateway.effects).toEqual(["info: refused"]);
  expect(gateway.state("a")?.runs).toEqual([]);
});

test("each run has operations of its own", () => {
  const greedy =
    "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, a + b < 0 || a + b > 0)) && value('room/temperature') > 20.0";
  const gateway = new Scenario(`
- id: r
  mode: parallel
  max: 25
  triggers: [${HOOK}]
  actions: [{ wait_until: [{ expression: "${greedy}" }] }, { notify: warm }]`);
  for (let run = 0; run < 25; run++) gateway.webhook("a-long-secret");
  gateway.report(TEMPERATURE, 21);
  expect(gateway.effects).toHaveLength(25);
});

test("a queued firing gets its turn beside parallel ones", () => {
  const gateway = new Scenario(`
- id: r
  mode: parallel
  triggers: [{ id: fast, mqtt: { topic: x } }, { id: slow, mode: queued, webhook: a-long-secret }]
  actions: [{ notify: "\${trigger.id}" }, { delay: 10m }]`);
  gateway.message("x", "1");
  gateway.webhook("a-long-secret");
  for (let minute = 0; minute < 3; minute++) {
    gateway.advance(5 * 60_000);
    gateway.message("x", "1");
  }
  expect(gateway.effects).toContain("info: slow");
});

test("ids of runs do not come again when a rule is deleted and made anew", () => {
  const rule = hooked("- { http: 'https://example.org/', response: answer }");
  const gateway = new Scenario(rule);
  gateway.webhook("a-long-secret");
  gateway.recompile("[]");
  gateway.recompile(rule);
  gateway.webhook("a-long-secret");
  expect(gateway.raw.map(({ id }) => id)).toEqual(["r-1.1", "r-2.1"]);
});

test("what leaves a selector, and a rule that is off, forget what they were waiting for", () => {
  const members: Record<string, string[]> = { doors: ["door"] };
  const rule =
    "- { id: r, triggers: [{ state: { property: { tag: doors, property: open }, to: true }, for: 10m }], actions: [{ notify: open too long }] }";
  const gateway = new Scenario(rule, { members });
  gateway.report(OPEN, false);
  gateway.report(OPEN, true);
  members.doors = [];
  gateway.recompile(rule);
  gateway.report(OPEN, false);
  gateway.advance(3_600_000);
  members.doors = ["door"];
  gateway.recompile(rule);
  gateway.report(OPEN, true);
  gateway.advance(1_000);
  expect(gateway.effects).toEqual([]);
});

test("a rule that has switched itself off begins nothing more, queued or not", () => {
  const once = new Scenario(
    "- { id: r, mode: parallel, triggers: [{ mqtt: { topic: x } }, { mqtt: { topic: '#' } }], actions: [{ notify: x }, { disable: r }] }",
  );
  once.message("x", "1");
  expect(once.effects).toEqual(["info: x"]);
  const queued = new Scenario(hooked("- { notify: begun }\n- { delay: 1m }", "mode: queued"));
  for (let time = 0; time < 3; time++) queued.webhook("a-long-secret");
  queued.control("r", { do: "disable", by: "api:ann" });
  queued.advance(600_000);
  expect(queued.effects).toEqual(["info: begun"]);
  expect(queued.state("r")?.runs).toEqual([]);
});

test("a long message or answer is a result, and does not end the run", () => {
  const gateway = new Scenario(
    hooked(`- wait_for: [{ mqtt: { topic: x } }]
- { http: "https://example.org/", response: answer }
- { notify: "\${answer.ok} \${result.ok}" }`),
  );
  gateway.webhook("a-long-secret");
  gateway.message("x", "y".repeat(65_530));
  gateway.outcome("r", "r-1.1", {
    state: "confirmed",
    value: { ok: true, status: 200, body: "\n".repeat(50_000) },
  });
  expect(gateway.effects.at(-1)).toBe("info: false false");
});

test.each(["https://user:p@ssw0rd@example.org/secret?a=secret", "https://example.org\\secret"])(
  "nothing of the address %s but its host is in the traces",
  (url) => {
    const gateway = new Scenario(hooked(`- { http: ${JSON.stringify(url)} }`));
    gateway.webhook("a-long-secret");
    const told = JSON.stringify(gateway.traces);
    expect(told).toContain("example.org");
    expect(told).not.toMatch(/ssw0rd|secret[^"]/);
  },
);

test("one property in two spellings is one; a quality that changed is no press; what ended a wait can be read", () => {
  const twice = new Scenario(
    "- { id: r, mode: parallel, triggers: [{ state: { property: [door/open, door/contact/open], to: true } }], actions: [{ notify: x }] }",
  );
  twice.report(OPEN, true);
  expect(twice.effects).toEqual(["info: x"]);
  const press = new Scenario(
    "- { id: r, triggers: [{ state: { property: button/kind } }], actions: [{ notify: pressed }] }",
  );
  const { reading } = { reading: press.report("button/press/kind", "x") };
  expect(reading.effects).toHaveLength(1);
  press.send({
    kind: "reading",
    again: true,
    reading: {
      thing: "button",
      property: "press/kind",
      value: "x",
      quality: "good",
      time: 0,
      receivedAt: 0,
      origin: "device",
    } as never,
  });
  expect(press.effects).toEqual(["info: pressed"]);
  const wait = new Scenario(
    hooked(`- wait_for: [{ webhook: another-secret }]\n- { notify: "\${wait.trigger.data.who}" }`),
  );
  wait.webhook("a-long-secret");
  wait.webhook("another-secret", { who: "ann" });
  expect(wait.effects).toEqual(["info: ann"]);
});
