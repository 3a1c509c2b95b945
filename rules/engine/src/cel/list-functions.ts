import { calculate } from "./arithmetic.ts";
import { isNumber, order } from "./comparison.ts";
import { type CelBudget, Failure, type Outcome } from "./evaluation.ts";
import { type CelFunction, define } from "./function-table.ts";
import { CelDuration, type CelValue } from "./value.ts";

/** Over lists, written `sum(list)` or `list.sum()`; of CEL's own functions there are none. */
export const LIST_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  min: define("either", ["list"], "dyn", (budget, list) => extreme("min", list, -1, budget)),
  max: define("either", ["list"], "dyn", (budget, list) => extreme("max", list, 1, budget)),
  sum: define("either", ["list"], "dyn", (budget, list) => sum(list, budget)),
  avg: define("either", ["list"], "double", (budget, list) => {
    if (list.length === 0) return new Failure("avg() of an empty list");
    const total = sum(list, budget);
    if (total instanceof Failure) return total;
    return isNumber(total) ? Number(total) / list.length : new Failure("avg() wants numbers");
  }),
};

function sum([first = 0n, ...rest]: readonly CelValue[], budget: CelBudget): Outcome {
  if (!isNumber(first) && !(first instanceof CelDuration))
    return new Failure("sum() wants numbers or durations");
  let total: Outcome = first;
  for (const item of rest) {
    total = calculate("+", total, item, budget);
    if (total instanceof Failure) break;
  }
  return total;
}

/** The first of the elements that none goes beyond. @param direction -1 for the least, 1 for the greatest. */
export function extreme(
  name: string,
  [first, ...rest]: readonly CelValue[],
  direction: 1 | -1,
  budget: CelBudget,
): Outcome {
  if (first === undefined) return new Failure(`${name}() of an empty list`);
  let best = first;
  for (const item of rest) {
    const difference = order(item, best, budget);
    if (difference instanceof Failure) return difference;
    if (difference * direction > 0) best = item;
  }
  return best;
}
