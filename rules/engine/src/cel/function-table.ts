import type { JsonObject } from "@tram/protocol";
import type { CelBudget, Outcome } from "./evaluation.ts";
import type { CelDuration, CelMap, CelTimestamp, CelType, CelValue } from "./value.ts";

/** What a function takes at one place, and what that is in JavaScript. */
interface Parameters {
  readonly any: CelValue;
  readonly string: string;
  readonly number: number | bigint;
  readonly list: readonly CelValue[];
  readonly sized: string | readonly CelValue[] | CelMap | JsonObject;
  readonly time: CelTimestamp | CelDuration;
}
export type Parameter = keyof Parameters;

/** The types that a parameter accepts; none means every type. */
export const ACCEPTED: Readonly<Record<Parameter, readonly CelType[]>> = {
  any: [],
  string: ["string"],
  number: ["int", "double"],
  list: ["list"],
  sized: ["string", "list", "map"],
  time: ["timestamp", "duration"],
};

export interface CelFunction {
  /** `f(x)`, `x.f()`, or as one likes. */
  readonly form: "function" | "method" | "either";
  /** The receiver first. */
  readonly params: readonly Parameter[];
  /** How many of them must be there. */
  readonly required: number;
  /** The last parameter may come again and again. */
  readonly variadic?: boolean;
  readonly result: CelType;
  /** Answers the same for the same arguments, so a call with literals alone is checked when it is compiled. */
  run(budget: CelBudget, ...args: CelValue[]): Outcome;
}

type Values<Names extends readonly Parameter[]> = { [Place in keyof Names]: Parameters[Names[Place]] };

/** Declares a function; the types of its code follow from its parameters. */
export function define<
  const Needed extends readonly Parameter[],
  const Optional extends readonly Parameter[] = [],
>(
  form: CelFunction["form"],
  params: Needed,
  result: CelType,
  run: (budget: CelBudget, ...args: [...Values<Needed>, ...Partial<Values<Optional>>]) => Outcome,
  optional?: Optional,
): CelFunction {
  const all = [...params, ...(optional ?? [])];
  // The caller has checked each argument against its parameter.
  return { form, params: all, required: params.length, result, run: run as CelFunction["run"] };
}
