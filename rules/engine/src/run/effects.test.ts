import { expect, test } from "vitest";
import { Scenario, type ScenarioOptions } from "../../testing/scenario.ts";

function onOpen(actions: string, { id = "r", head = "" } = {}): string {
  return `
- id: ${id}
  ${head}
  triggers: [{ id: opened, state: { property: door/open, to: true } }]
  actions:
${actions.replace(/^/gm, "    ")}
`;
}

function started(rules: string, options: ScenarioOptions = {}): Scenario {
  const gateway = new Scenario(rules, options);
  expect(gateway.program.broken).toEqual([]);
  gateway.report("door/contact/open", false);
  gateway.report("door/contact/open", true);
  return gateway;
}

test("one set writes many properties: a list, or those of an area or a tag", () => {
  const list = started(onOpen("- { set: [lamp/light/on, lamp/power/state], value: true }"), {
    things: [
      {
        id: "lamp",
        title: "lamp",
        properties: { "light/on": { type: "boolean" }, "power/state": { type: "boolean" } },
      },
      { id: "door", title: "door", properties: { "contact/open": { type: "boolean", readOnly: true } } },
    ],
  });
  expect(list.effects).toEqual(["lamp/light/on=true", "lamp/power/state=true"]);
  const area = started(onOpen("- { set: { area: hall, property: light/on }, value: false }"), {
    members: { hall: ["lamp", "door"] },
  });
  expect(area.effects).toEqual(["lamp/light/on=false"]);
});

test("a value may be computed, with its type, also inside of a map", () => {
  const gateway = started(
    onOpen(`
- { set: lamp/level, value: "\${value('room/temperature') > 20.0 ? 80 : 20}" }
- { publish: "house/\${trigger.thing}", payload: { open: "\${trigger.value}", text: "is \${trigger.value}" } }`),
    { shadow: { "room/air/temperature": { value: 25, quality: "good" } } },
  );
  expect(gateway.effects).toEqual(["lamp/light/level=80", 'house/door: {"open":true,"text":"is true"}']);
});

test("a run that waits for the confirmation finds it in `result`", () => {
  const rule = onOpen(`
- { set: lamp/light/on, value: true, confirm: 5s }
- { notify: "\${result.state} \${result.ok}" }`);
  const gateway = started(rule);
  expect(gateway.raw[0]).toMatchObject({ id: "r-1.1", awaited: true });
  gateway.restart();
  gateway.outcome("r", "r-1.1", { state: "confirmed" });
  expect(gateway.effects.at(-1)).toBe("info: confirmed true");

  const silent = started(rule);
  silent.advance(5_000);
  expect(silent.effects.at(-1)).toBe("info: timeout false");
  silent.outcome("r", "r-1.1", { state: "confirmed" });
  expect(silent.effects).toHaveLength(2);
});

test("of several commands all are waited for; the first that fails is the result", () => {
  const rule = onOpen(`
- { set: [lamp/light/on, lamp/light/level], value: 1, confirm: 5s }
- { notify: "\${result.state}" }`);
  const things = [
    {
      id: "lamp",
      title: "l",
      properties: { "light/on": { type: "integer" }, "light/level": { type: "integer" } },
    },
    { id: "door", title: "d", properties: { "contact/open": { type: "boolean", readOnly: true } } },
  ] as const;
  const gateway = started(rule, { things });
  gateway.outcome("r", "r-1.2", { state: "confirmed" });
  expect(gateway.effects).toHaveLength(2);
  gateway.outcome("r", "r-1.1", { state: "failed", detail: "no answer" });
  expect(gateway.effects.at(-1)).toBe("info: failed");
});

test("an HTTP answer is a variable", () => {
  const gateway = started(
    onOpen(`
- { http: "https://api.example.org/price?key=x", response: price, timeout: 3s }
- if: [{ expression: "price.ok && price.body.cents < 10" }]
  then: [{ notify: cheap }]
  else: [{ notify: dear }]`),
  );
  expect(gateway.raw[0]).toMatchObject({ kind: "http", method: "GET", timeoutMs: 3_000, awaited: true });
  expect(JSON.stringify(gateway.traces)).not.toMatch(/key=x|price\?/);
  gateway.outcome("r", "r-1.1", { state: "confirmed", value: { ok: true, status: 200, body: { cents: 5 } } });
  expect(gateway.effects.at(-1)).toBe("info: cheap");
});

test("an action of a Thing is invoked", () => {
  const gateway = started(onOpen("- { invoke: button/ring, input: { times: 3 }, retry: true }"));
  expect(gateway.raw).toMatchObject([
    { kind: "invoke", thing: "button", action: "ring", input: { times: 3 }, retry: true, awaited: false },
  ]);
});

test("a rule calls another with variables, and waits for its end", () => {
  const gateway = started(`
${onOpen(`
- { call: helper, with: { name: "\${trigger.thing}" }, wait: true }
- { notify: "after: \${result.state}" }`)}
- id: helper
  variables: { name: nobody }
  triggers: [{ time: "03:00" }]
  actions: [{ notify: "hello \${name}" }, { delay: 1m }]
`);
  expect(gateway.effects).toEqual(["info: hello door"]);
  gateway.restart();
  gateway.advance(60_000);
  expect(gateway.effects).toEqual(["info: hello door", "info: after: confirmed"]);
});

test.each([
  ["that is not there", "", "there is no rule helper"],
  [
    "that is disabled",
    "- { id: helper, enabled: false, triggers: [{ time: '03:00' }], actions: [{ notify: x }] }",
    "is disabled",
  ],
  [
    "whose conditions do not hold",
    "- { id: helper, triggers: [{ time: '03:00' }], conditions: [{ clock: untrusted }], actions: [{ notify: x }] }",
    "conditions do not hold",
  ],
])("who waits for a rule %s goes on", (_name, helper, detail) => {
  const gateway = started(`${onOpen(`
- { call: helper, wait: true }
- { notify: "\${result.state}: \${result.detail}" }`)}
${helper}`);
  expect(gateway.effects).toEqual([expect.stringContaining("refused: ")]);
  expect(gateway.effects[0]).toContain(detail);
});

test("who waits for a rule that is deleted meanwhile goes on", () => {
  const caller = onOpen('- { call: helper, wait: true }\n- { notify: "${result.state}" }');
  const gateway = started(`${caller}
- { id: helper, triggers: [{ time: '03:00' }], actions: [{ delay: 1h }] }`);
  gateway.recompile(caller);
  expect(gateway.effects).toEqual(["info: cancelled"]);
});

test("rules switch others and groups off and on; it survives a restart, and the file has the last word when it changes", () => {
  const others = (enabled: boolean) => `
- { id: a, group: g, enabled: ${enabled}, triggers: [{ state: { property: room/humidity, to: 50 } }], actions: [{ notify: a }] }
- { id: b, group: g, triggers: [{ state: { property: room/humidity, to: 50 } }], actions: [{ notify: b }] }`;
  const off = onOpen("- { disable: { group: g } }", { id: "off" });
  const on = `
- id: on
  triggers: [{ state: { property: door/open, to: false } }]
  actions: [{ enable: [a, b] }]`;
  const humid = (gateway: Scenario) => {
    gateway.report("room/air/humidity", 40);
    gateway.report("room/air/humidity", 50);
  };
  const gateway = started(`${off}${on}${others(true)}`);
  expect(gateway.runner.status("a" as never)).toMatchObject({ enabled: false });
  gateway.restart();
  humid(gateway);
  expect(gateway.effects).toEqual([]);
  gateway.report("door/contact/open", false);
  expect(gateway.effects).toEqual([]);
  humid(gateway);
  expect(gateway.effects).toEqual(["info: a", "info: b"]);
  gateway.report("door/contact/open", true);
  gateway.recompile(`${off}${on}${others(false)}`);
  gateway.recompile(`${off}${on}${others(true)}`);
  humid(gateway);
  expect(gateway.effects.slice(2)).toEqual(["info: a"]);
});

test("what cannot be computed ends the run with the reason", () => {
  const gateway = started(
    onOpen("- { set: lamp/level, value: \"${value('room/temperature') * 2.0}\" }\n- { notify: never }"),
  );
  expect(gateway.effects).toEqual([]);
  expect(gateway.traces.at(-1)?.trace).toMatchObject({ outcome: "failed" });
});

test("variables do not grow without end", () => {
  const gateway = started(
    onOpen(
      `
- repeat: { count: 11 }
  do: [{ variables: { text: "\${text + text}" } }]
- { variables: { list: "\${[text, text, text, text]}" } }`,
      { head: "variables: { text: abcdefgh }" },
    ),
  );
  expect(gateway.traces.at(-1)?.trace).toMatchObject({ outcome: "failed" });
  expect(gateway.traces.at(-1)?.trace.detail).toMatch(/the variables have \d+ characters/);
});

test("control by hand: run, run without asking, cancel", () => {
  const gateway = new Scenario(
    onOpen('- { notify: "hi ${who}" }\n- { delay: 1h }', {
      head: "variables: { who: all }\n  conditions: [{ clock: untrusted }]",
    }),
  );
  gateway.control("r", { do: "run", by: "api:ann" });
  expect(gateway.effects).toEqual([]);
  gateway.control("r", { do: "run", by: "api:ann", unconditionally: true, variables: { who: "ann" } });
  expect(gateway.effects).toEqual(["info: hi ann"]);
  gateway.control("r", { do: "cancel", by: "api:ann" });
  expect(gateway.state("r")?.runs).toEqual([]);
});
