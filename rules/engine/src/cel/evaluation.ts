import { type CelValue, isList, isMap, keysOf, typeOf } from "./value.ts";

/** Longest text that an expression makes, in UTF-16 units. */
export const MAX_TEXT_LENGTH = 65_536;
/** Longest list that an expression makes or walks. */
export const MAX_LIST_LENGTH = 10_000;

/** What an expression asks of the one who evaluates it. */
export interface CelScope {
  /** @returns the variable; `undefined` when it has no value now. */
  variable(name: string): CelValue | undefined;
  /** Answers a host function, such as `value`. The argument, where there is one, is the literal text of the source. */
  call(name: HostFunctionName, argument: string): CelValue;
}

export type HostFunctionName = "value" | "quality" | "held" | "available" | "now" | "local" | "clockTrusted";

/**
 * Operations that may still be spent, shared by as many evaluations as the host likes. An expression pays 1 for each of
 * its parts before it begins (branches not taken included), the same again for each element that a macro visits, and 1
 * for every 16 characters and every element that a function reads or makes.
 */
export interface CelBudget {
  left: number;
}

/** An error of the evaluation (langdef §"Runtime Errors"), as a value. */
export class Failure {
  readonly problem: string;
  /** The budget is spent: no `||` absorbs that. */
  readonly final: boolean;

  constructor(problem: string, final = false) {
    this.problem = problem;
    this.final = final;
  }
}

export const EXHAUSTED = new Failure("the expression takes too many operations", true);
export const TEXT_TOO_LONG = new Failure(`a text of more than ${MAX_TEXT_LENGTH} characters`);
export const LIST_TOO_LONG = new Failure(`a list of more than ${MAX_LIST_LENGTH} elements`);

export type Outcome = CelValue | Failure;

/** One evaluation going on. */
export interface Frame {
  readonly scope: CelScope;
  readonly budget: CelBudget;
  /** Variables of macros, by their depth. */
  readonly locals: CelValue[];
}

/** A part of an expression, ready to run. */
export type Run = (frame: Frame) => Outcome;

/** Takes operations off the budget. @returns false when they are more than was left; then nothing is left. */
export function pay(budget: CelBudget, operations: number): boolean {
  budget.left -= operations;
  if (budget.left >= 0) return true;
  budget.left = 0;
  return false;
}

/** Operations for reading a value once: 16 characters, an element and a key are one. */
export function weight(value: CelValue): number {
  if (typeof value === "string") return value.length >> 4;
  if (isList(value)) return value.length;
  return isMap(value) ? keysOf(value).length : 0;
}

/** Pays for a text that was made. It is made already: its length is bounded by what was paid for its parts. */
export function madeText(budget: CelBudget, text: string): string | Failure {
  if (text.length > MAX_TEXT_LENGTH) return TEXT_TOO_LONG;
  return pay(budget, text.length >> 4) ? text : EXHAUSTED;
}

export function madeList(budget: CelBudget, list: readonly CelValue[]): readonly CelValue[] | Failure {
  if (list.length > MAX_LIST_LENGTH) return LIST_TOO_LONG;
  return pay(budget, list.length) ? list : EXHAUSTED;
}

/** Writes a value's type for a message: `null`, `an int`, `a string`. */
export function named(value: CelValue): string {
  return article(typeOf(value));
}

export function article(type: string): string {
  if (type === "null_type") return "null";
  return `${type === "int" ? "an" : "a"} ${type}`;
}
