import { calculate, int, resultType } from "./arithmetic.ts";
import type { NodeOf } from "./ast.ts";
import { CelProblem } from "./cel-problem.ts";
import { equal, order } from "./comparison.ts";
import {
  article,
  type CelBudget,
  EXHAUSTED,
  Failure,
  named,
  type Outcome,
  pay,
  type Run,
} from "./evaluation.ts";
import { costOf, demand, type Linked, whatIsNull } from "./linked.ts";
import { type CelType, type CelValue, isList, isMap, lookUp } from "./value.ts";

type OrderOperator = "<" | "<=" | ">" | ">=";
const ORDERED: ReadonlySet<CelType> = new Set(["bool", "int", "double", "string", "timestamp", "duration"]);

export function linkBinary(node: NodeOf<"binary">, left: Linked, right: Linked): Linked {
  const { operator } = node;
  const base = { node, cost: costOf(left, right) };
  switch (operator) {
    case "==":
    case "!=":
      checkEquality(left, right);
      return { ...base, type: "bool", run: equality(operator === "==", left, right) };
    case "in":
      demand(right, ["list", "map"], " after in");
      return { ...base, type: "bool", run: both(left, right, isIn) };
    case "<":
    case "<=":
    case ">":
    case ">=":
      checkOrder(operator, left, right);
      return { ...base, type: "bool", run: ordering(operator, left, right) };
    default: {
      const type = resultType(operator, left.type, right.type);
      if (type === undefined) throw noOperator(node, left, right);
      return { ...base, type, run: both(left, right, (a, b, budget) => calculate(operator, a, b, budget)) };
    }
  }
}

function noOperator({ operator, left: { end } }: NodeOf<"binary">, left: Linked, right: Linked): CelProblem {
  const texts = operator === "+" && (left.type === "string" || right.type === "string");
  const hint = texts ? "; a text is joined with a text: string(…) makes one" : "";
  return new CelProblem(`no "${operator}" for ${article(left.type)} and ${article(right.type)}${hint}`, end);
}

function checkEquality(left: Linked, right: Linked): void {
  const [a, b] = [left.type, right.type];
  if (a === b || a === "dyn" || b === "dyn" || a === "null_type" || b === "null_type") return;
  if (isNumeric(a) && isNumeric(b)) return;
  throw new CelProblem(`${article(a)} never equals ${article(b)}`, left.node.end);
}

function checkOrder(operator: OrderOperator, left: Linked, right: Linked): void {
  const [a, b] = [left.type, right.type];
  const fits = (type: CelType) => type === "dyn" || ORDERED.has(type);
  const same = a === b || a === "dyn" || b === "dyn" || (isNumeric(a) && isNumeric(b));
  if (fits(a) && fits(b) && same) return;
  throw new CelProblem(`no "${operator}" for ${article(a)} and ${article(b)}`, left.node.end);
}

function isNumeric(type: CelType): boolean {
  return type === "int" || type === "double";
}

type Operation = (a: CelValue, b: CelValue, budget: CelBudget) => Outcome;

/** Runs both sides, and tells of a missing value by its name. */
function both(left: Linked, right: Linked, operation: Operation): Run {
  const [runLeft, runRight] = [left.run, right.run];
  const explain = explainer(left, right);
  return (frame) => {
    const a = runLeft(frame);
    if (a instanceof Failure) return a;
    const b = runRight(frame);
    if (b instanceof Failure) return b;
    const result = operation(a, b, frame.budget);
    return result instanceof Failure ? explain(result, a, b) : result;
  };
}

function explainer(left: Linked, right: Linked): (failure: Failure, a: CelValue, b: CelValue) => Failure {
  return (failure, a, b) => {
    if (failure.final) return failure;
    const reason = (a === null && whatIsNull(left.node)) || (b === null && whatIsNull(right.node));
    return reason ? new Failure(reason) : failure;
  };
}

function equality(wanted: boolean, left: Linked, right: Linked): Run {
  const literal = right.constant;
  const [runLeft, runRight] = [left.run, right.run];
  if (typeof literal === "string" || typeof literal === "boolean" || literal === null) {
    return (frame) => {
      const a = runLeft(frame);
      return a instanceof Failure ? a : (a === literal) === wanted;
    };
  }
  return (frame) => {
    const a = runLeft(frame);
    if (a instanceof Failure) return a;
    const b = runRight(frame);
    if (b instanceof Failure) return b;
    const result = equal(a, b, frame.budget);
    return result instanceof Failure ? result : result === wanted;
  };
}

const TESTS: Readonly<Record<OrderOperator, (difference: number) => boolean>> = {
  "<": (difference) => difference < 0,
  "<=": (difference) => difference <= 0,
  ">": (difference) => difference > 0,
  ">=": (difference) => difference >= 0,
};

function ordering(operator: OrderOperator, left: Linked, right: Linked): Run {
  const test = TESTS[operator];
  const whole = both(left, right, (a, b) => {
    const difference = order(a, b);
    return difference instanceof Failure ? difference : test(difference);
  });
  // The usual case by far: a reading against a number of the rule.
  const written = right.constant;
  const literal = typeof written === "bigint" ? Number(written) : written;
  if (written === undefined || typeof literal !== "number" || !Number.isSafeInteger(Math.trunc(literal)))
    return whole;
  const runLeft = left.run;
  const explain = explainer(left, right);
  return (frame) => {
    const a = runLeft(frame);
    if (typeof a === "number") return test(a - literal);
    if (a instanceof Failure) return a;
    const difference = order(a, written);
    return difference instanceof Failure ? explain(difference, a, written) : test(difference);
  };
}

function isIn(item: CelValue, container: CelValue, budget: CelBudget): Outcome {
  if (isMap(container)) return lookUp(container, item) !== undefined;
  if (!isList(container)) return new Failure(`found ${named(container)} after in, expected a list or a map`);
  for (const other of container) {
    if (!pay(budget, 1)) return EXHAUSTED;
    const result = equal(item, other, budget);
    if (result !== false) return result;
  }
  return false;
}

export function linkUnary(node: NodeOf<"unary">, operand: Linked): Linked {
  const { operator } = node;
  demand(operand, operator === "!" ? ["bool"] : ["int", "double"], ` after "${operator}"`);
  const { run } = operand;
  const reason = whatIsNull(operand.node);
  const apply: Run = (frame) => {
    const value = run(frame);
    if (value instanceof Failure) return value;
    if (operator === "!" && typeof value === "boolean") return !value;
    if (operator === "-" && typeof value === "number") return -value;
    if (operator === "-" && typeof value === "bigint") return int(-value);
    return new Failure(value === null && reason ? reason : `no "${operator}" for ${named(value)}`);
  };
  return { node, type: operator === "!" ? "bool" : operand.type, cost: costOf(operand), run: apply };
}

/**
 * `&&` and `||` (langdef §"Logical Operators"): the side that decides, decides, whatever error the other one has. The
 * sides are evaluated in their order, up to the one that decides.
 */
export function linkLogic(node: NodeOf<"logic">, operands: readonly Linked[]): Linked {
  for (const operand of operands) demand(operand, ["bool"], ` beside ${node.operator}`);
  const decisive = node.operator === "||";
  const parts = operands.map(({ run, node: part }) => ({ run, reason: whatIsNull(part) }));
  const run: Run = (frame) => {
    let failure: Failure | undefined;
    for (const { run: runPart, reason } of parts) {
      const value = runPart(frame);
      if (value === decisive) return decisive;
      if (value === !decisive) continue;
      if (value instanceof Failure && value.final) return value;
      failure ??= value instanceof Failure ? value : noBool(value, reason);
    }
    return failure ?? !decisive;
  };
  return { node, type: "bool", cost: costOf(...operands), run };
}

export function noBool(value: CelValue, reason: string | undefined): Failure {
  return new Failure(
    value === null && reason !== undefined ? reason : `found ${named(value)}, expected a bool`,
  );
}
