import type { BinaryOperator } from "./ast.ts";
import { isNumber } from "./comparison.ts";
import {
  type CelBudget,
  Failure,
  LIST_TOO_LONG,
  MAX_LIST_LENGTH,
  MAX_TEXT_LENGTH,
  madeList,
  madeText,
  named,
  type Outcome,
  TEXT_TOO_LONG,
} from "./evaluation.ts";
import { CelDuration, CelTimestamp, type CelValue, isList } from "./value.ts";

export type ArithmeticOperator = Extract<BinaryOperator, "+" | "-" | "*" | "/" | "%">;

const OVERFLOW = new Failure("the result does not fit into 64 bits");
const DIVISION_BY_ZERO = new Failure("division by zero");
/** langdef §"Overflow": a duration is an int64 of nanoseconds. */
const MAX_DURATION_MS = 9_223_372_036_854.775;
const MIN_TIMESTAMP_MS = Date.parse("0001-01-01T00:00:00Z");
const MAX_TIMESTAMP_MS = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * `+ - * / %`. Where an int meets a double the int becomes a double, and doubles have a remainder: CEL refuses both, but
 * the numbers of a house are JSON, and people write `value("a/b/c") * 2`.
 */
export function calculate(
  operator: ArithmeticOperator,
  a: CelValue,
  b: CelValue,
  budget: CelBudget,
): Outcome {
  if (isNumber(a) && isNumber(b)) {
    if (typeof a === "bigint" && typeof b === "bigint") return calculateInts(operator, a, b);
    return calculateDoubles(operator, Number(a), Number(b));
  }
  if (operator === "+") {
    if (typeof a === "string" && typeof b === "string") {
      return a.length + b.length > MAX_TEXT_LENGTH ? TEXT_TOO_LONG : madeText(budget, a + b);
    }
    if (isList(a) && isList(b)) {
      return a.length + b.length > MAX_LIST_LENGTH ? LIST_TOO_LONG : madeList(budget, [...a, ...b]);
    }
    if (a instanceof CelDuration && b instanceof CelDuration) return duration(a.ms + b.ms);
    if (a instanceof CelTimestamp && b instanceof CelDuration) return timestamp(a.epochMs + b.ms);
    if (a instanceof CelDuration && b instanceof CelTimestamp) return timestamp(a.ms + b.epochMs);
  }
  if (operator === "-") {
    if (a instanceof CelDuration && b instanceof CelDuration) return duration(a.ms - b.ms);
    if (a instanceof CelTimestamp && b instanceof CelDuration) return timestamp(a.epochMs - b.ms);
    if (a instanceof CelTimestamp && b instanceof CelTimestamp) return duration(a.epochMs - b.epochMs);
  }
  return new Failure(`no "${operator}" for ${named(a)} and ${named(b)}`);
}

function calculateInts(operator: ArithmeticOperator, a: bigint, b: bigint): Outcome {
  switch (operator) {
    case "+":
      return int(a + b);
    case "-":
      return int(a - b);
    case "*":
      return int(a * b);
    case "/":
      return b === 0n ? DIVISION_BY_ZERO : int(a / b);
    case "%":
      return b === 0n ? DIVISION_BY_ZERO : a % b;
  }
}

function calculateDoubles(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
  }
}

export function int(value: bigint): bigint | Failure {
  return BigInt.asIntN(64, value) === value ? value : OVERFLOW;
}

export function duration(ms: number): CelDuration | Failure {
  return Math.abs(ms) <= MAX_DURATION_MS
    ? new CelDuration(ms)
    : new Failure("a duration of more than 292 years");
}

export function timestamp(epochMs: number): CelTimestamp | Failure {
  return epochMs >= MIN_TIMESTAMP_MS && epochMs <= MAX_TIMESTAMP_MS
    ? new CelTimestamp(epochMs)
    : new Failure("a timestamp outside of the years 1 to 9999");
}
