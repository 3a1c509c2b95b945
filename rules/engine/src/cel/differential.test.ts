import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { equal } from "./comparison.ts";
import { Failure, type Outcome } from "./evaluation.ts";
import { compileCel } from "./expression.ts";
import { expressions, VALUES, VARIABLES } from "./fixtures/expressions.ts";
import type { CelValue } from "./value.ts";

/** Another implementation answers the same, over what both have. Errors need not be worded alike. */
const peer = new Environment()
  .registerVariable("i", "int")
  .registerVariable("d", "double")
  .registerVariable("s", "string")
  .registerVariable("l", "list<int>");

const TOO_LARGE = "the result does not fit into 64 bits";

/** The peer negates the smallest integer without the error that the specification has there; it subtracts as it should. */
function negationsAsDifferences(source: string): string {
  const at = source.indexOf("-(");
  if (at < 0) return source;
  let [end, open] = [at + 1, 0];
  do {
    if (source[end] === "(") open++;
    if (source[end] === ")") open--;
    end++;
  } while (open > 0 && end < source.length);
  return negationsAsDifferences(
    `${source.slice(0, at)}(0 - ${source.slice(at + 1, end)})${source.slice(end)}`,
  );
}

function askPeer(source: string): { readonly value: CelValue } | undefined {
  try {
    return { value: peer.evaluate(source, VALUES) as CelValue };
  } catch {
    return undefined;
  }
}

function ask(source: string): Outcome {
  const compiled = compileCel(source, { variables: VARIABLES });
  if (!compiled.ok) return new Failure(compiled.problem);
  const scope = {
    variable: (name: string) => Object.entries(VALUES).find(([known]) => known === name)?.[1],
    call: () => null,
  };
  return compiled.expression.run({ scope, budget: { left: 100_000 }, locals: [] });
}

const strict = expressions({});
const loose = expressions({ loose: true });
const TYPES = ["int", "double", "bool", "string", "list"] as const;

test.each(TYPES)("%s expressions", (type) => {
  expect(compare(strict[type], true)).toBeGreaterThan(200);
});

test.each(TYPES)("%s expressions without brackets", (type) => {
  expect(compare(loose[type], false)).toBeGreaterThan(150);
});

/**
 * @param errors whether errors must be the same too. Of an expression without its brackets the peer refuses more before
 * it runs, because it knows the types of elements.
 * @returns how many values were compared: errors alone would compare nothing.
 */
function compare(sources: fc.Arbitrary<string>, errors: boolean): number {
  let values = 0;
  fc.assert(
    fc.property(sources, (source) => {
      const ours = ask(source);
      const isTooLarge = ours instanceof Failure && ours.problem === TOO_LARGE;
      const theirs = askPeer(isTooLarge ? negationsAsDifferences(source) : source);
      if (theirs === undefined && !errors) return;
      if (theirs === undefined || ours instanceof Failure) {
        expect([source, theirs, ours]).toEqual([source, undefined, expect.any(Failure)]);
        return;
      }
      values++;
      if (Number.isNaN(theirs.value)) expect(ours).toBeNaN();
      else expect([source, ours, equal(ours, theirs.value, { left: 10_000 })]).toEqual([source, ours, true]);
    }),
    { numRuns: 600 },
  );
  return values;
}
