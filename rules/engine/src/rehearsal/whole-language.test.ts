import { expect, test } from "vitest";
import { runRuleTest } from "./run-test.ts";
import { parseTestFile } from "./test-file.ts";

const RULES = `
- id: ring
  triggers: [{ event: { thing: door, event: rung } }]
  actions: [{ invoke: siren/play, input: { tone: 2 } }, { publish: house/bell, payload: { rung: true } }]
- id: relay
  triggers: [{ mqtt: { topic: shed/+/state, payload: open } }]
  actions: [{ set: { property: light/on, area: shed }, value: true }]
- id: hook
  triggers: [{ webhook: long-and-random }]
  actions:
  - http: https://weather.example/rain?key=secret
    response: rain
  - notify: "rain: \${rain.body.chance}, ok \${rain.ok}"
- id: cloud
  triggers: [{ bridge: { to: offline } }]
  actions: [{ notify: no cloud }]
- id: away
  triggers: [{ availability: { thing: siren, to: lost } }]
  actions: [{ delay: 10m }, { notify: the siren is gone }]
- id: sure
  triggers: [{ time: "07:00" }]
  actions: [{ set: lamp/light/on, value: true, confirm: 5s }, { notify: "\${result.state}" }]
`;
const THINGS = `things:
  door: { events: [rung] }
  siren: { actions: [play] }
  lamp: { properties: { light/on: boolean }, area: shed, tags: [bright] }
  hall: { properties: { light/on: boolean } }
tests:
`;

test.each([
  [
    "an event, an action and a message",
    "when: [{ event: { thing: door, event: rung } }]\nthen:\n- { invoke: siren/play, input: { tone: 2 } }\n- { publish: house/bell, payload: { rung: true }, by: ring }\nexactly: true",
  ],
  [
    "a message to all of an area",
    "when: [{ message: { topic: shed/gate/state, payload: open } }]\nthen: [{ command: { lamp/on: true } }, { state: { lamp/on: true } }]\nexactly: true",
  ],
  [
    "a web server that answers after a while",
    'http: { weather.example/rain: { body: { chance: 80 }, after: 2s } }\nwhen: [{ webhook: long-and-random }]\nthen: [{ http: weather.example/rain, method: GET }, { notify: "rain: 80, ok true", at: 2s }]\nexactly: true',
  ],
  [
    "a web server that fails",
    "http: { weather: { status: 503, body: { chance: 0 } } }\nwhen: [{ webhook: long-and-random }]\nthen: [{ notify: ok false }]",
  ],
  [
    "the way to a cloud",
    "bridges: { up: online }\nwhen: [{ bridge: offline, provider: up, at: 1m }]\nthen: [{ notify: no cloud }]",
  ],
  [
    "a run that is under way, and a rule that is switched off",
    "when: [{ availability: { siren: lost } }, { then: [{ running: away }] }, { wait: 10m }, { then: [{ notify: gone }, { not running: away }] }, { disable: away }, { available: siren }, { unavailable: siren }, { wait: 1h }]\nthen: [{ nothing: true }]",
  ],
  [
    "a device that confirms",
    'start: "06:59"\nrespond: { lamp: 2s }\nwhen: [{ until: "07:00" }]\nthen: [{ notify: confirmed, within: 1m2s }]',
  ],
  [
    "a device that does not",
    'start: "06:59"\nrespond: { lamp: false }\nwhen: [{ until: "07:00" }]\nthen: [{ notify: timeout, at: 1m5s }]',
  ],
  ["a rule that is run by hand", "when: [{ run: cloud }]\nthen: [{ notify: no cloud }]"],
])("%s", (_name, text) => {
  const { problems, tests } = parseTestFile(`${THINGS}- test: it\n  ${text.replaceAll("\n", "\n  ")}\n`);
  expect(problems).toEqual([]);
  const [one] = tests;
  if (one === undefined) throw new Error("no test");
  const result = runRuleTest(one, {
    sources: [{ file: "r.yaml", text: RULES }],
    things: [],
    timezone: "UTC",
  });
  expect(result.failures, JSON.stringify(result.timeline, null, 1)).toEqual([]);
});
