import type { CelNode } from "./ast.ts";
import { CelProblem } from "./cel-problem.ts";
import { article, type CelBudget, Failure, named, type Outcome, type Run } from "./evaluation.ts";
import { didYouMean } from "./near-name.ts";
import type { CelType, CelValue } from "./value.ts";

/** A part of an expression after the static check: what it gives, what it costs, and how it runs. */
export interface Linked {
  readonly node: CelNode;
  readonly type: CelType;
  /** Names of the members, where the map is one of the host and they are known. */
  readonly members?: readonly string[];
  /** The value, where it is the same in every evaluation. */
  readonly constant?: CelValue;
  /** Operations, bodies of macros not counted. */
  readonly cost: number;
  readonly run: Run;
}

/** What an expression needs to know when it is compiled. */
export interface CelEnvironment {
  /** The variables there are: a type, or the names of the members of a map. */
  readonly variables?: Readonly<Record<string, CelType | readonly string[]>>;
  /** The type that the result must have. */
  readonly result?: CelType;
  /** What is known of a property; it may be `null` in any case. */
  readonly property?: (reference: string) => { readonly type: CelType } | { readonly problem: string };
}

/** The linker, as the parts of it in other files see it. */
export interface Linking {
  readonly environment: CelEnvironment;
  readonly references: Set<string>;
  readonly things: Set<string>;
  usesTime: boolean;
  link(node: CelNode): Linked;
  /** Links the body of a macro, in which one more name is known. */
  linkInside<Result>(variable: string, link: (slot: number) => Result): Result;
  /** Whether a name is a variable here. */
  knows(name: string): boolean;
}

export function constant(node: CelNode, value: CelValue, type: CelType): Linked {
  return { node, type, constant: value, cost: 1, run: () => value };
}

export function costOf(...parts: readonly Linked[]): number {
  return parts.reduce((sum, { cost }) => sum + cost, 1);
}

/** Refuses a part whose type is known and is none of those that fit. */
export function demand(part: Linked, types: readonly CelType[], purpose: string): void {
  if (part.type === "dyn" || types.length === 0 || types.includes(part.type)) return;
  const wanted = types.map(article).join(" or ");
  throw new CelProblem(`found ${article(part.type)}, expected ${wanted}${purpose}`, part.node.start);
}

/** Refuses a member that a map of the host is known not to have. */
export function checkMember(operand: Linked, field: string, node: CelNode): void {
  demand(operand, ["map"], ` before .${field}`);
  const { members } = operand;
  if (members === undefined || members.includes(field)) return;
  const owner = pathOf(operand.node) ?? "it";
  throw new CelProblem(`${owner} has no member "${field}"${didYouMean(field, members)}`, node.start);
}

/** A part that needs the values of all its parts, and has none where one of them failed (langdef §"Functions"). */
export function strict(
  node: CelNode,
  type: CelType,
  parts: readonly Linked[],
  apply: (values: readonly CelValue[], budget: CelBudget) => Outcome,
): Linked {
  const runs = parts.map(({ run }) => run);
  const run: Run = (frame) => {
    const values: CelValue[] = [];
    for (const runPart of runs) {
      const value = runPart(frame);
      if (value instanceof Failure) return value;
      values.push(value);
    }
    const result = apply(values, frame.budget);
    return result instanceof Failure ? explained(result, values, parts) : result;
  };
  return { node, type, cost: costOf(...parts), run };
}

/** A failure in the words of what is `null` among the values, if that has a short name. */
export function explained(failure: Failure, values: readonly CelValue[], parts: readonly Linked[]): Failure {
  const node = failure.final ? undefined : parts[values.indexOf(null)]?.node;
  if (node === undefined) return failure;
  if (node.kind === "call") {
    const [reference] = node.target === undefined ? node.args : [];
    if (reference?.kind !== "literal" || typeof reference.value !== "string") return failure;
    const { name } = node;
    const what = name === "value" ? `the value of ${reference.value}` : `${name}("${reference.value}")`;
    return new Failure(`${what} is not known`);
  }
  const path = pathOf(node);
  return path === undefined ? failure : new Failure(`${path} is null`);
}

/** The value as the bool that it must be. */
export function asBool(value: Outcome, part: Linked): boolean | Failure {
  if (typeof value === "boolean" || value instanceof Failure) return value;
  return explained(new Failure(`found ${named(value)}, expected a bool`), [value], [part]);
}

/** `a.b.c` as it is written; `undefined` for what is no such path. */
export function pathOf(node: CelNode): string | undefined {
  if (node.kind === "name") return node.name;
  if (node.kind !== "select") return undefined;
  const operand = pathOf(node.operand);
  return operand === undefined ? undefined : `${operand}.${node.field}`;
}
