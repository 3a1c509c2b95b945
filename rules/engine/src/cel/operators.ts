import { calculate, int } from "./arithmetic.ts";
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
import { asBool, costOf, demand, explained, type Linked, strict } from "./linked.ts";
import { resultOf } from "./static-result.ts";
import { type CelType, type CelValue, isList, isMap, lookUp } from "./value.ts";

type OrderOperator = "<" | "<=" | ">" | ">=";

export function linkBinary(node: NodeOf<"binary">, left: Linked, right: Linked): Linked {
  const { operator } = node;
  const parts = [left, right];
  switch (operator) {
    case "==":
    case "!=":
      checkEquality(left, right);
      return equality(node, left, right);
    case "in":
      demand(right, ["list", "map"], " after in");
      return strict(node, "bool", parts, ([item = null, container = null], budget) =>
        isIn(item, container, budget),
      );
    case "<":
    case "<=":
    case ">":
    case ">=":
      if (resultOf(left.type, right.type, (a, b) => order(a, b, { left: 1 })) === undefined)
        throw noOperator(node, left, right);
      return ordering(node, operator, left, right);
    default: {
      const type = resultOf(left.type, right.type, (a, b) => calculate(operator, a, b, { left: 1 }));
      if (type === undefined) throw noOperator(node, left, right);
      return strict(node, type, parts, ([a = null, b = null], budget) => calculate(operator, a, b, budget));
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

function isNumeric(type: CelType): boolean {
  return type === "int" || type === "double";
}

function equality(node: NodeOf<"binary">, left: Linked, right: Linked): Linked {
  const wanted = node.operator === "==";
  const whole = strict(node, "bool", [left, right], ([a = null, b = null], budget) => {
    const result = equal(a, b, budget);
    return result instanceof Failure ? result : result === wanted;
  });
  const literal = right.constant;
  if (typeof literal !== "string" && typeof literal !== "boolean" && literal !== null) return whole;
  const { run } = left;
  return {
    ...whole,
    run: (frame) => {
      const value = run(frame);
      return value instanceof Failure ? value : (value === literal) === wanted;
    },
  };
}

const TESTS: Readonly<Record<OrderOperator, (difference: number) => boolean>> = {
  "<": (difference) => difference < 0,
  "<=": (difference) => difference <= 0,
  ">": (difference) => difference > 0,
  ">=": (difference) => difference >= 0,
};

function ordering(node: NodeOf<"binary">, operator: OrderOperator, left: Linked, right: Linked): Linked {
  const test = TESTS[operator];
  const apply = (a: CelValue, b: CelValue, budget: CelBudget): Outcome => {
    const difference = order(a, b, budget);
    return difference instanceof Failure ? difference : test(difference);
  };
  const whole = strict(node, "bool", [left, right], ([a = null, b = null], budget) => apply(a, b, budget));
  // The usual case by far: a reading against a number of the rule.
  const written = right.constant ?? null;
  const literal = typeof written === "bigint" ? Number(written) : written;
  if (typeof literal !== "number" || !Number.isSafeInteger(Math.trunc(literal))) return whole;
  const { run } = left;
  return {
    ...whole,
    run: (frame) => {
      const value = run(frame);
      if (typeof value === "number") return test(value - literal);
      if (value instanceof Failure) return value;
      const result = apply(value, written, frame.budget);
      return result instanceof Failure ? explained(result, [value], [left]) : result;
    },
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
  return strict(node, operator === "!" ? "bool" : operand.type, [operand], ([value = null]) => {
    if (operator === "!" && typeof value === "boolean") return !value;
    if (operator === "-" && typeof value === "number") return -value;
    if (operator === "-" && typeof value === "bigint") return int(-value);
    return new Failure(`no "${operator}" for ${named(value)}`);
  });
}

/**
 * `&&` and `||` (langdef §"Logical Operators"): the side that decides, decides, whatever error the other one has. The
 * sides are evaluated in their order, up to the one that decides.
 */
export function linkLogic(node: NodeOf<"logic">, operands: readonly Linked[]): Linked {
  for (const operand of operands) demand(operand, ["bool"], ` beside ${node.operator}`);
  const decisive = node.operator === "||";
  const run: Run = (frame) => {
    let failure: Failure | undefined;
    for (const operand of operands) {
      const value = operand.run(frame);
      if (value === decisive) return decisive;
      if (value === !decisive) continue;
      const problem = asBool(value, operand);
      if (problem instanceof Failure && problem.final) return problem;
      if (problem instanceof Failure) failure ??= problem;
    }
    return failure ?? !decisive;
  };
  return { node, type: "bool", cost: costOf(...operands), run };
}
