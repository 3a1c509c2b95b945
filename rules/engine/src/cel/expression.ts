import type { Json } from "@tram/protocol";
import { CelProblem } from "./cel-problem.ts";
import {
  article,
  type CelBudget,
  type CelScope,
  EXHAUSTED,
  Failure,
  named,
  type Outcome,
  pay,
  type Run,
} from "./evaluation.ts";
import { type Token, tokenize } from "./lexer.ts";
import type { CelEnvironment } from "./linked.ts";
import { CelLinker } from "./linker.ts";
import { parse } from "./parser.ts";
import { toJson } from "./to-json.ts";
import { type CelType, typeOf } from "./value.ts";

/** An expression that was read, checked and made ready to run. */
export interface CelExpression {
  readonly source: string;
  /** What the static check knows of the result; `dyn` when it knows nothing. */
  readonly type: CelType;
  /** The properties it reads, as they are written: `thing/node/name` or `thing/name`. */
  readonly references: readonly string[];
  /** The Things whose availability it asks for. */
  readonly things: readonly string[];
  /** Its result changes as time passes or the clock is set: `now()`, `local()`, `held()` or `clockTrusted()` is in it. */
  readonly usesTime: boolean;
  /** Operations of one evaluation, elements that macros visit and texts not counted. */
  readonly cost: number;
  /** For {@link evaluateCel}. */
  readonly run: Run;
}

export type CelCompiled =
  | { readonly ok: true; readonly expression: CelExpression }
  /** `position` counts UTF-16 units from the begin of the text. */
  | { readonly ok: false; readonly problem: string; readonly position: number };

export type CelResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads an expression of the Common Expression Language and checks its names and types.
 * What of the language there is, and where it differs, stands in docs/reference/cel.md.
 * @returns the expression, or what is wrong and where; never throws, whatever the text is.
 */
export function compileCel(source: string, environment: CelEnvironment = {}): CelCompiled {
  try {
    return { ok: true, expression: compileTokens(source, tokenize(source), environment) };
  } catch (error) {
    if (error instanceof CelProblem) return { ok: false, problem: error.message, position: error.position };
    throw error;
  }
}

/** @throws CelProblem */
export function compileTokens(
  source: string,
  tokens: readonly Token[],
  environment: CelEnvironment,
): CelExpression {
  const linker = new CelLinker(environment);
  const { type, cost, run, node } = linker.link(parse(tokens));
  const { result: wanted = "dyn" } = environment;
  if (wanted !== "dyn" && type !== "dyn" && type !== wanted) {
    throw new CelProblem(`the expression gives ${article(type)}, expected ${article(wanted)}`, node.start);
  }
  return {
    source,
    type,
    references: [...linker.references],
    things: [...linker.things],
    usesTime: linker.usesTime,
    cost,
    run: wanted === type || wanted === "dyn" ? run : (frame) => withType(run(frame), wanted),
  };
}

function withType(outcome: Outcome, wanted: CelType): Outcome {
  if (outcome instanceof Failure || typeOf(outcome) === wanted) return outcome;
  return new Failure(`the expression gives ${named(outcome)}, expected ${article(wanted)}`);
}

/**
 * Evaluates an expression. Takes what it costs off the budget, and ends with a problem when that is spent.
 * @returns its value as JSON, or why there is none; throws only what the scope throws.
 */
export function evaluateCel(expression: CelExpression, scope: CelScope, budget: CelBudget): CelResult {
  const outcome = pay(budget, expression.cost) ? expression.run({ scope, budget, locals: [] }) : EXHAUSTED;
  const json = outcome instanceof Failure ? outcome : toJson(outcome, budget);
  return json instanceof Failure ? { ok: false, problem: json.problem } : { ok: true, value: json };
}
