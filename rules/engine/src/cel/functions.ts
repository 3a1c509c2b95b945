import { CONVERSIONS } from "./conversions.ts";
import type { CelFunction } from "./function-table.ts";
import { LIST_FUNCTIONS } from "./list-functions.ts";
import { MATH_FUNCTIONS } from "./math-functions.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";

/** The functions that need nothing from outside, by name. What is written `math.abs(x)` has that name. */
export const FUNCTIONS: ReadonlyMap<string, CelFunction> = new Map(
  [CONVERSIONS, TEXT_FUNCTIONS, LIST_FUNCTIONS, MATH_FUNCTIONS].flatMap((table) => Object.entries(table)),
);
