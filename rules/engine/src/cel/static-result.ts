import { Failure, type Outcome } from "./evaluation.ts";
import { CelDuration, CelTimestamp, type CelType, CelTypeName, type CelValue, typeOf } from "./value.ts";

/** One value of each type. */
const SAMPLES: readonly CelValue[] = [
  null,
  true,
  1n,
  1,
  "",
  [],
  {},
  new CelTimestamp(0),
  new CelDuration(0),
  new CelTypeName("int"),
];

/**
 * What the static check says of an operation on two types, found out by trying it on a value of each.
 * @returns the type of its result, `dyn` when there are several; `undefined` when the types cannot fit.
 */
export function resultOf(
  a: CelType,
  b: CelType,
  operation: (a: CelValue, b: CelValue) => Outcome,
): CelType | undefined {
  const results = new Set<CelType>();
  for (const left of samplesOf(a)) {
    for (const right of samplesOf(b)) {
      const outcome = operation(left, right);
      if (!(outcome instanceof Failure)) results.add(typeOf(outcome));
    }
  }
  const [only] = results;
  return results.size > 1 ? "dyn" : only;
}

function samplesOf(type: CelType): readonly CelValue[] {
  return type === "dyn" ? SAMPLES : SAMPLES.filter((sample) => typeOf(sample) === type);
}
