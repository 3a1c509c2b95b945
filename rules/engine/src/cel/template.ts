import type { Json } from "@tram/protocol";
import { isJsonObject } from "@tram/protocol";
import { joinPath } from "../shape-check.ts";
import { CelProblem } from "./cel-problem.ts";
import { type CelBudget, type CelScope, MAX_TEXT_LENGTH, pay } from "./evaluation.ts";
import { type CelExpression, type CelResult, compileTokens, evaluateCel } from "./expression.ts";
import { tokenize } from "./lexer.ts";
import type { CelEnvironment } from "./linked.ts";
import { type CelType, typeOf } from "./value.ts";

/** Deepest JSON with templates in it. */
const MAX_LEVELS = 32;
/** Most expressions in one template. */
const MAX_EXPRESSIONS = 200;

/** JSON in which texts may hold expressions, ready to be evaluated. */
export interface CelTemplate {
  /** What the static check knows of the result. */
  readonly type: CelType;
  /** The value of a template without an expression; evaluating it costs nothing. */
  readonly constant?: Json;
  readonly references: readonly string[];
  readonly things: readonly string[];
  readonly usesTime: boolean;
  /** For {@link evaluateTemplate}. */
  readonly evaluate: (scope: CelScope, budget: CelBudget) => CelResult;
}

export type CelTemplateCompiled =
  | { readonly ok: true; readonly template: CelTemplate }
  /** `path` is the place of the text in the JSON, empty for the whole; `position` the place in that text. */
  | { readonly ok: false; readonly problem: string; readonly path: string; readonly position: number };

/**
 * Reads JSON with `${ expression }` in its texts; keys are no templates. A text that is one expression alone gives its
 * value with its type; else the values are joined into the text, those that are no texts as JSON. `$${` is a `${` that
 * is meant as it is.
 * @returns the template, or what is wrong and where; never throws, whatever the texts are.
 */
export function compileValue(json: Json, environment: CelEnvironment = {}): CelTemplateCompiled {
  const compiler = new TemplateCompiler(environment);
  try {
    return { ok: true, template: compiler.whole(json) };
  } catch (error) {
    if (error instanceof CelProblem) {
      return { ok: false, problem: error.message, path: compiler.path, position: error.position };
    }
    throw error;
  }
}

/** @returns the value, or the first problem; a template without an expression always gives its constant. */
export function evaluateTemplate(template: CelTemplate, scope: CelScope, budget: CelBudget): CelResult {
  if (template.constant !== undefined) return { ok: true, value: template.constant };
  return template.evaluate(scope, budget);
}

type Evaluate = CelTemplate["evaluate"];

interface Part {
  readonly type: CelType;
  readonly constant?: Json;
  readonly evaluate: Evaluate;
}

class TemplateCompiler {
  /** Where it is in the JSON. */
  path = "";
  readonly #environment: CelEnvironment;
  readonly #expressions: CelExpression[] = [];

  constructor(environment: CelEnvironment) {
    this.#environment = environment;
  }

  whole(json: Json): CelTemplate {
    const part = this.#value(json, MAX_LEVELS);
    if (this.#expressions.length === 0) return { ...part, references: NONE, things: NONE, usesTime: false };
    return {
      ...part,
      references: [...new Set(this.#expressions.flatMap(({ references }) => references))],
      things: [...new Set(this.#expressions.flatMap(({ things }) => things))],
      usesTime: this.#expressions.some(({ usesTime }) => usesTime),
    };
  }

  #value(json: Json, levels: number): Part {
    if (typeof json === "string") return this.#text(json);
    if (typeof json !== "object" || json === null) return fixed(json);
    if (levels === 0) throw new CelProblem(`nested deeper than ${MAX_LEVELS} levels`, 0);
    const keys = Array.isArray(json) ? [...json.keys()] : Object.keys(json);
    const path = this.path;
    const before = this.#expressions.length;
    const parts = keys.map((key): Part => {
      this.path = joinPath(path, key);
      return this.#value((json as Readonly<Record<string | number, Json>>)[key] ?? null, levels - 1);
    });
    this.path = path;
    const shape = (values: readonly Json[]): Json =>
      isJsonObject(json)
        ? Object.fromEntries(keys.map((key, index) => [key, values[index] ?? null]))
        : values;
    const constants = parts.map(({ constant }) => constant ?? null);
    // The same object where nothing was written differently in it, so that a house of constants is kept once.
    if (this.#expressions.length === before) {
      const values: readonly Json[] = Object.values(json);
      return fixed(constants.every((value, index) => value === values[index]) ? json : shape(constants));
    }
    return { type: isJsonObject(json) ? "map" : "list", evaluate: evaluateAll(parts, shape) };
  }

  #text(text: string): Part {
    if (!text.includes("${")) return fixed(text);
    if (text.length > MAX_TEXT_LENGTH) {
      throw new CelProblem(`a text with expressions has at most ${MAX_TEXT_LENGTH} characters`, 0);
    }
    const parts: Part[] = [];
    let literal = "";
    let at = 0;
    while (at < text.length) {
      const next = text.indexOf("${", at);
      if (next < 0) break;
      if (next > at && text[next - 1] === "$") {
        literal += `${text.slice(at, next - 1)}\${`;
        at = next + 2;
        continue;
      }
      literal += text.slice(at, next);
      if (literal !== "") parts.push(fixed(literal));
      literal = "";
      const { part, end } = this.#expression(text, next + 2);
      parts.push(part);
      at = end;
    }
    literal += text.slice(at);
    if (parts.length === 0) return fixed(literal);
    if (literal !== "") parts.push(fixed(literal));
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return { type: "string", evaluate: evaluateAll(parts, joined) };
  }

  #expression(text: string, from: number): { part: Part; end: number } {
    const tokens = tokenize(text, from, true);
    const end = tokens.at(-1)?.start ?? text.length;
    if (tokens.length === 1) throw new CelProblem("there is no expression between the braces", from);
    if (this.#expressions.length >= MAX_EXPRESSIONS) {
      throw new CelProblem(`a template has at most ${MAX_EXPRESSIONS} expressions`, from);
    }
    const expression = compileTokens(text.slice(from, end).trim(), tokens, this.#environment);
    this.#expressions.push(expression);
    const part: Part = {
      type: expression.type,
      evaluate: (scope, budget) => evaluateCel(expression, scope, budget),
    };
    return { part, end: end + 1 };
  }
}

const NONE: readonly never[] = [];

/** Thousands of rules have thousands of constants: they share what is the same of all. */
function fixed(constant: Json): Part {
  return { type: typeOf(constant), constant, evaluate: notAsked };
}

function notAsked(): CelResult {
  return { ok: false, problem: "a constant is not evaluated" };
}

function evaluateAll(parts: readonly Part[], combine: (values: readonly Json[]) => Json): Evaluate {
  return (scope, budget) => {
    const values: Json[] = [];
    for (const { constant, evaluate } of parts) {
      if (constant !== undefined) {
        values.push(constant);
        continue;
      }
      const result = evaluate(scope, budget);
      if (!result.ok) return result;
      values.push(result.value);
    }
    const value = combine(values);
    if (typeof value !== "string") return { ok: true, value };
    if (value.length > MAX_TEXT_LENGTH)
      return { ok: false, problem: `a text of more than ${MAX_TEXT_LENGTH} characters` };
    if (!pay(budget, value.length >> 4))
      return { ok: false, problem: "the expression takes too many operations" };
    return { ok: true, value };
  };
}

function joined(values: readonly Json[]): string {
  return values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join("");
}
