import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { equal } from "./comparison.ts";
import { Failure, type Outcome } from "./evaluation.ts";
import { compileCel } from "./expression.ts";
import { type CelType, type CelValue, typeOf } from "./value.ts";

/**
 * Cases of tests/simple/testdata of google/cel-spec at 508bd98 (2026-06-10), by their files: name, expression, expected
 * value as an expression (`null` for an error), and variables. Left out is what docs/reference/cel.md leaves out: uint,
 * bytes, messages, optionals, names of time zones, nanoseconds.
 */
type Case = readonly [
  name: string,
  source: string,
  expected: string | null,
  variables?: Readonly<Record<string, string>>,
];
const FILES: Readonly<Record<string, readonly Case[]>> = JSON.parse(
  readFileSync(new URL("fixtures/conformance.json", import.meta.url), "utf8"),
);

for (const [file, cases] of Object.entries(FILES)) {
  describe(file, () => {
    test.each(cases.map((of) => ({ of, name: of[0] })))(
      "$name",
      ({ of: [, source, expected, variables = {}] }) => {
        const values = new Map(Object.entries(variables).map(([name, text]) => [name, answerTo(text)]));
        const outcome = run(source, values);
        if (expected === null) {
          expect(outcome).toBeInstanceOf(Failure);
          return;
        }
        const wanted = answerTo(expected);
        if (outcome instanceof Failure) throw new Error(outcome.problem);
        expect(typeOf(outcome)).toBe(typeOf(wanted));
        if (Number.isNaN(wanted)) expect(outcome).toBeNaN();
        else expect(equal(outcome, wanted, { left: 10_000 })).toBe(true);
      },
    );
  });
}

/** Where Tram's answer is another one on purpose. */
const DEVIATIONS: readonly (readonly [place: string, source: string, ours: string | null])[] = [
  ["fp_math/mod_not_support: an error", "47.5 % 5.5", "3.5"],
  ["langdef, Numeric Values: no overload for mixed arithmetic", "1 + 1.5", "2.5"],
  ["langdef, Numeric Values: no overload for mixed arithmetic", "3 / 2.0", "1.5"],
  ["math_ext: rounding takes doubles only", "math.round(dyn(1))", "1"],
  ["logic/short_circuit_type_left: false, when nothing is checked before", "false && 32", null],
  ["basic/unbound_is_runtime_error: true", "x || true", null],
  [
    "lt_literal/not_lt_dyn_int_big_lossy_double: false",
    "9223372036854775807 < 9223372036854775808.0",
    "true",
  ],
  ["duration of langdef: no days", "duration('1d')", "duration('24h')"],
];
test.each(DEVIATIONS)("deviation: %s: %s", (_, source, ours) => {
  const outcome = run(source, new Map());
  if (ours === null) expect(outcome).toBeInstanceOf(Failure);
  else expect(outcome).toEqual(answerTo(ours));
});

function run(source: string, variables: ReadonlyMap<string, CelValue>): Outcome {
  const names = Object.fromEntries([...variables.keys()].map((name): [string, CelType] => [name, "dyn"]));
  const compiled = compileCel(source, { variables: names });
  if (!compiled.ok) return new Failure(compiled.problem);
  const scope = { variable: (name: string) => variables.get(name), call: () => null };
  return compiled.expression.run({ scope, budget: { left: 10_000 }, locals: [] });
}

function answerTo(source: string): CelValue {
  const outcome = run(source, new Map());
  if (outcome instanceof Failure) throw new Error(`${source}: ${outcome.problem}`);
  return outcome;
}
