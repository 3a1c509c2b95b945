import { expect, test } from "vitest";
import { Scenario } from "../testing/scenario.ts";
import { compile } from "./compile.ts";

/**
 * Rule files of somebody who means ill, or made a very large mistake. Each must be told with its place, in bounded time
 * and memory, while other rules run. Times are judged against a machine that is busy.
 */
const GOOD =
  "- { id: good, triggers: [{ state: { property: door/open, to: true } }], actions: [{ notify: good }] }";
const OPTIONS = { house: { thing: () => undefined }, timezone: "UTC" };
const PATIENCE_MS = 10_000;

function head(actions: string, more = ""): string {
  return `- id: bad
  triggers: [{ state: { property: door/open, to: true } }]
${more}
  actions: ${actions}
`;
}

function nested(depth: number): string {
  return `${"[{ sequence: ".repeat(depth)}[{ notify: x }]${" }]".repeat(depth)}`;
}

const anchors = `- id: bad
  triggers: [{ time: "07:00" }]
  actions:
    - variables:
        a: &a [x, x, x, x, x, x, x, x, x]
        b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
        c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
        d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
        e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]
        f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
        g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]
`;

test.each([
  ["10 MB of YAML", "- id: x\n".padEnd(10_000_000, "# long\n"), "expected at most 262144"],
  ["an anchors bomb", anchors, "alias"],
  ["actions nested deeper than they may", head(nested(40)), "nested deeper than 16 levels"],
  ["actions nested much deeper", head(nested(5_000)), ""],
  [
    "conditions nested deeper",
    head("[{ notify: x }]", `  conditions: [${"{ not: ".repeat(40)}{ clock: synced }${" }".repeat(40)}]`),
    "nested deeper than 16 levels",
  ],
  ["an expression of many brackets", head(`[{ notify: "\${${"(".repeat(3_000)}" }]`), "actions[0].notify"],
  [
    "an expression that is too long",
    head(`[{ if: [{ expression: "${"1 + ".repeat(2_000)}1 > 0" }], then: [{ notify: x }] }]`),
    "expression",
  ],
  [
    "a pattern that would take ages",
    head(
      `[{ if: [{ expression: "'aaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+$')" }], then: [{ notify: x }] }]`,
    ),
    undefined,
  ],
  ["10,001 rules in a file", GOOD.replace("good", "x").concat("\n").repeat(10_001).slice(0, 262_000), ""],
  [
    "a schedule that never comes",
    head("[{ notify: x }]").replace("{ state: { property: door/open, to: true } }", "{ cron: '0 0 30 2 *' }"),
    undefined,
  ],
  ["a name from the prototype", head('[{ variables: { __proto__: 1 } }, { notify: "${constructor}" }]'), ""],
])("%s is refused with its place, or harmless, and others run", (_name, text, problem) => {
  const began = performance.now();
  const program = compile(
    [
      { file: "bad.yaml", text },
      { file: "good.yaml", text: GOOD },
    ],
    OPTIONS,
  );
  expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
  expect(program.rules.has("good" as never)).toBe(true);
  if (problem === undefined) return;
  const told = program.broken.flatMap(({ problems }) =>
    problems.map((one) => `${one.file} ${one.path}: ${one.problem}`),
  );
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(11_000);
  expect(told.join("\n")).toContain(problem);
  for (const line of told.slice(0, 50)) expect(line.length).toBeLessThan(2_000);
});

/** Runs a hostile rule beside a good one, in a scenario. */
function beside(actions: string, more = ""): { gateway: Scenario; tookMs: number } {
  const gateway = new Scenario(`${head(actions, more)}${GOOD}`);
  expect(gateway.program.broken).toEqual([]);
  const began = performance.now();
  gateway.report("door/contact/open", true);
  return { gateway, tookMs: performance.now() - began };
}

test.each([
  [
    "nested maps",
    "${[1,2,3,4,5,6,7,8,9].map(a, [1,2,3,4,5,6,7,8,9].map(b, [1,2,3,4,5,6,7,8,9].map(c, [1,2,3,4,5,6,7,8,9].map(d, [1,2,3,4,5,6,7,8,9].map(e, [1,2,3,4,5,6,7,8,9].map(f, a * b * c * d * e * f))))))}",
  ],
  [
    "a pattern on a long text",
    "${('a'.replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa') + '!').matches('(a+)+$')}",
  ],
])("an expression bomb (%s) costs the rule its turn, and nobody else", (_name, bomb) => {
  const { gateway, tookMs } = beside(`[{ notify: "${bomb}" }]`);
  expect(tookMs).toBeLessThan(PATIENCE_MS);
  expect(gateway.effects).toContain("info: good");
});

test("rounds in rounds in rounds end with the budget", () => {
  const { gateway, tookMs } = beside(
    "[{ repeat: { count: 1000000 }, do: [{ repeat: { count: 1000000 }, do: [{ variables: { a: 1 } }] }] }]",
  );
  expect(tookMs).toBeLessThan(PATIENCE_MS);
  expect(gateway.state("bad")?.paused?.reason).toContain("operations");
  expect(gateway.effects.at(-1)).toBe("info: good");
});

test("a million firings of a queue that never moves keep a bounded state", () => {
  const gateway = new Scenario(`
- id: bad
  mode: queued
  max: 100
  triggers: [{ state: { property: button/kind } }]
  actions: [{ delay: 10h }]
${GOOD}`);
  for (let press = 0; press < 20_000; press++) gateway.report("button/press/kind", "x");
  expect(gateway.state("bad")?.runs).toHaveLength(100);
  expect(gateway.saved.get("bad" as never)?.length).toBeLessThan(60_000);
  gateway.report("door/contact/open", true);
  expect(gateway.effects.at(-1)).toBe("info: good");
});

test("parallel runs are bounded, too, and so is what they remember", () => {
  const gateway = new Scenario(`
- id: bad
  mode: parallel
  max: 100
  triggers: [{ mqtt: { topic: x } }]
  actions: [{ delay: 10h }]`);
  const payload = JSON.stringify({ text: "y".repeat(60_000) });
  for (let message = 0; message < 200; message++) gateway.message("x", payload);
  expect(gateway.state("bad")?.runs).toHaveLength(100);
  expect(gateway.saved.get("bad" as never)?.length).toBeLessThan(200_000);
});

test("rules that call each other without end stop within one step", () => {
  const gateway = new Scenario(`
- { id: a, mode: parallel, max: 100, triggers: [{ state: { property: door/open, to: true } }], actions: [{ call: b }, { call: b }, { call: b }] }
- { id: b, mode: parallel, max: 100, triggers: [{ time: "07:00" }], actions: [{ call: a }, { call: a }, { call: a }] }
${GOOD}`);
  const began = performance.now();
  gateway.report("door/contact/open", true);
  expect(performance.now() - began).toBeLessThan(PATIENCE_MS);
  expect(gateway.effects).toContain("info: good");
  expect(gateway.traces.length).toBeLessThan(20_000);
});
