import { int } from "./arithmetic.ts";
import { isNumber } from "./comparison.ts";
import { Failure } from "./evaluation.ts";
import { type CelFunction, define } from "./function-table.ts";
import { extreme } from "./list-functions.ts";
import { isList } from "./value.ts";

/** The part of the math extension that rules need. Whole numbers stay as they are. */
export const MATH_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  "math.least": comparing("math.least", -1),
  "math.greatest": comparing("math.greatest", 1),
  // Halves are rounded away from zero; `Math.round` rounds them up.
  "math.round": rounding((value) => Math.sign(value) * Math.round(Math.abs(value))),
  "math.floor": rounding(Math.floor),
  "math.ceil": rounding(Math.ceil),
  "math.trunc": rounding(Math.trunc),
  "math.abs": define("function", ["number"], "dyn", (_, value) =>
    typeof value === "number" ? Math.abs(value) : int(value < 0n ? -value : value),
  ),
};

function rounding(round: (value: number) => number): CelFunction {
  return define("function", ["number"], "dyn", (_, value) =>
    typeof value === "number" ? round(value) : value,
  );
}

/** Takes numbers, or one list of them. */
function comparing(name: string, direction: 1 | -1): CelFunction {
  const run: CelFunction["run"] = (budget, ...args) => {
    const [first] = args;
    const items = args.length === 1 && first !== undefined && isList(first) ? first : args;
    return items.every(isNumber)
      ? extreme(name, items, direction, budget)
      : new Failure(`${name}() wants numbers`);
  };
  return { form: "function", params: ["any"], required: 1, variadic: true, result: "dyn", run };
}
