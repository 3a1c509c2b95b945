import type { RuleCondition } from "@tram/protocol";
import { compileCel, evaluateCel } from "../cel/index.ts";
import { joinPath } from "../shape-check.ts";
import { contradiction, type Fact, factOf, timeContradiction } from "./facts.ts";

/** What can be told of conditions without a house: they never hold, always, or it depends. */
export type Verdict =
  | { readonly holds: "depends" | "always" }
  | { readonly holds: "never"; readonly path: string; readonly why: string };

const DEPENDS: Verdict = { holds: "depends" };
const ALWAYS: Verdict = { holds: "always" };
/** Operations for an expression that reads nothing. */
const BUDGET = 10_000;

/** Whether a list of conditions, all of which must hold, ever does. */
export function judgeAll(
  conditions: readonly RuleCondition[],
  path: string,
  nameOf: (reference: string) => string,
): Verdict {
  const verdicts = conditions.map((condition, index) => judge(condition, joinPath(path, index), nameOf));
  const never = verdicts.find(({ holds }) => holds === "never");
  if (never !== undefined) return never;
  const leaves = conditions.flatMap((condition) => leavesOf(condition, false));
  const facts = leaves.flatMap(({ condition, negated }): Fact[] => {
    const fact = factOf(condition, negated, nameOf);
    return fact === undefined ? [] : [fact];
  });
  const windows = leaves.flatMap(({ condition, negated }) =>
    !negated && "time" in condition ? [condition.time] : [],
  );
  const why = contradiction(facts) ?? timeContradiction(windows) ?? opposites(leaves);
  if (why !== undefined) return { holds: "never", path, why };
  return verdicts.every(({ holds }) => holds === "always") ? ALWAYS : DEPENDS;
}

function judge(condition: RuleCondition, path: string, nameOf: (reference: string) => string): Verdict {
  if ("and" in condition) return judgeAll(condition.and, joinPath(path, "and"), nameOf);
  if ("or" in condition) {
    const parts = condition.or.map((part, index) =>
      judge(part, joinPath(joinPath(path, "or"), index), nameOf),
    );
    if (parts.some(({ holds }) => holds === "always")) return ALWAYS;
    const [first] = parts;
    const none = parts.every(({ holds }) => holds === "never");
    return none && first?.holds === "never" ? first : DEPENDS;
  }
  if ("not" in condition) {
    const inner = judge(condition.not, joinPath(path, "not"), nameOf);
    if (inner.holds === "never") return ALWAYS;
    return inner.holds === "always" ? { holds: "never", path, why: "what it denies always holds" } : DEPENDS;
  }
  if ("expression" in condition) return judgeExpression(condition.expression, joinPath(path, "expression"));
  const fact = factOf(condition, false, nameOf);
  const why = fact === undefined ? undefined : contradiction([fact]);
  return why === undefined ? DEPENDS : { holds: "never", path, why };
}

/** An expression that asks for nothing gives the same each time. */
export function judgeExpression(source: string, path: string): Verdict {
  const compiled = compileCel(source);
  if (!compiled.ok) return DEPENDS;
  let asked = false;
  const scope = {
    variable: () => {
      asked = true;
      return undefined;
    },
    call: () => {
      asked = true;
      return null;
    },
  };
  const result = evaluateCel(compiled.expression, scope, { left: BUDGET });
  if (asked || !result.ok) return DEPENDS;
  if (result.value === true) return ALWAYS;
  return { holds: "never", path, why: "the expression is always false" };
}

interface Leaf {
  readonly condition: RuleCondition;
  readonly negated: boolean;
}

/** The conditions without parts that must hold, or must not. */
function leavesOf(condition: RuleCondition, negated: boolean): Leaf[] {
  if ("and" in condition && !negated) return condition.and.flatMap((part) => leavesOf(part, false));
  // Not one or the other: neither.
  if ("or" in condition && negated) return condition.or.flatMap((part) => leavesOf(part, true));
  if ("not" in condition) return leavesOf(condition.not, !negated);
  return [{ condition, negated }];
}

function opposites(leaves: readonly Leaf[]): string | undefined {
  const denied = new Set(
    leaves.flatMap(({ condition, negated }) => (negated ? [JSON.stringify(condition)] : [])),
  );
  const both = leaves.some(({ condition, negated }) => !negated && denied.has(JSON.stringify(condition)));
  return both ? "a condition and its opposite exclude each other" : undefined;
}
