import { formatDuration, type TraceCheck } from "@tram/protocol";
import { evaluateCel } from "./cel/index.ts";
import { heldMs } from "./due.ts";
import type { CompiledCondition } from "./program.ts";
import { type Locals, scopeOf } from "./scope.ts";
import { observe } from "./source.ts";
import { matches, mismatch } from "./value-test.ts";
import type { Visit } from "./visit.ts";

export interface ConditionResult {
  readonly passed: boolean;
  /**
   * Every condition, a group before its parts, each with its own result and the value that was seen. All are
   * evaluated, so that the diary shows more than the first that failed.
   */
  readonly checks: TraceCheck[];
}

const NOTHING: ConditionResult = { passed: true, checks: [] };

/**
 * Tells whether all conditions hold now. Values count whatever their quality; one that is not known matches nothing.
 * What asks the wall clock is false while that is untrusted, unless the rule says `when_untrusted: run`. The weekday of
 * a time window is that of the present day, also in the part of a window after midnight.
 * @param place where they stand, for the trace: `conditions`.
 */
export function evaluateConditions(
  visit: Visit,
  conditions: readonly CompiledCondition[],
  locals: Locals,
  place = "conditions",
): ConditionResult {
  if (conditions.length === 0) return NOTHING;
  const checks: TraceCheck[] = [];
  const evaluate = (condition: CompiledCondition, path: string): boolean => {
    if ("inner" in condition) {
      const own = checks.push({ what: `${path}: ${condition.what}`, passed: false, seen: null }) - 1;
      const results = condition.inner.map((inner, index) =>
        evaluate(inner, condition.kind === "not" ? `${path}.not` : `${path}.${condition.kind}[${index}]`),
      );
      const passed = combine(condition.kind, results);
      checks[own] = { what: `${path}: ${condition.what}`, passed, seen: null };
      return passed;
    }
    visit.budget.left--;
    const check = checkLeaf(visit, condition, locals);
    checks.push({ ...check, what: `${path}: ${check.what}` });
    return check.passed;
  };
  const results = conditions.map((condition, index) => evaluate(condition, `${place}[${index}]`));
  return { passed: results.every(Boolean), checks };
}

type Leaf = Exclude<CompiledCondition, { inner: unknown }>;

function checkLeaf(visit: Visit, condition: Leaf, locals: Locals): TraceCheck {
  const { what } = condition;
  switch (condition.kind) {
    case "value":
      return checkValue(visit, condition, locals);
    case "time":
      return checkTime(visit, condition);
    case "window": {
      if (mayNotAsk(visit)) return untrusted(what);
      const { wall } = visit.world.now;
      const { secondOfDay, weekday } = visit.calendar.local(wall);
      return { what, passed: condition.window.isInside(wall), seen: `${weekday} ${writeTime(secondOfDay)}` };
    }
    case "trigger": {
      const id = locals.trigger?.id ?? null;
      return { what, passed: id !== null && condition.labels.includes(id), seen: id };
    }
    case "expression": {
      const result = evaluateCel(condition.expression, scopeOf(visit, locals), visit.budget);
      if (!result.ok) return { what: `${what} (${result.problem})`, passed: false, seen: null };
      return { what, passed: result.value === true, seen: result.value };
    }
    case "clock": {
      const { trust } = visit.world.now;
      const passed = condition.is === "trusted" ? trust !== "untrusted" : condition.is === trust;
      return { what, passed, seen: trust };
    }
    case "rule": {
      const status = visit.rules.status(condition.rule);
      if (status === undefined) return { what: `${what} (no such rule)`, passed: false, seen: null };
      const word = status.enabled ? "enabled" : "disabled";
      const doing = status.running ? "running" : "idle";
      const seen = condition.is === "running" || condition.is === "idle" ? doing : word;
      return { what, passed: seen === condition.is, seen };
    }
  }
}

function combine(kind: "and" | "or" | "not", results: readonly boolean[]): boolean {
  if (kind === "and") return results.every(Boolean);
  if (kind === "or") return results.some(Boolean);
  return !results.some(Boolean);
}

function checkValue(
  visit: Visit,
  { held, source, test, what }: Extract<CompiledCondition, { kind: "value" }>,
  locals: Locals,
): TraceCheck {
  const known = source === undefined ? undefined : observe(visit, source, locals);
  if (known === undefined || known.value === null) {
    return { what: `${what} (not known)`, passed: false, seen: null };
  }
  const notes = [
    ...(known.quality === "good" ? [] : [known.quality]),
    ...(mismatch(test, known.value) === undefined ? [] : ["not a number"]),
  ];
  let passed = matches(test, known.value);
  if (held !== undefined && passed) {
    const since = visit.state.holds?.[held.key];
    const sinceMs = since === undefined ? 0 : heldMs(since, visit.world.now);
    passed = since !== undefined && sinceMs >= held.forMs;
    if (!passed) notes.push(`only for ${formatDuration(sinceMs)} so far`);
  }
  const note = notes.length === 0 ? "" : ` (${notes.join(", ")})`;
  return { what: `${what}${note}`, passed, seen: known.value };
}

function checkTime(visit: Visit, window: Extract<CompiledCondition, { kind: "time" }>): TraceCheck {
  if (mayNotAsk(visit)) return untrusted(window.what);
  const { secondOfDay, weekday } = visit.calendar.local(visit.world.now.wall);
  const onDay = window.weekdays === undefined || window.weekdays.includes(weekday);
  const passed = onDay && isInside(secondOfDay, window.after ?? 0, window.before ?? 86_400);
  return { what: window.what, passed, seen: `${weekday} ${writeTime(secondOfDay)}` };
}

/** Whether the wall clock says nothing: it cannot be believed, and the rule does not want it all the same. */
function mayNotAsk({ rule, world }: Visit): boolean {
  return world.now.trust === "untrusted" && rule?.whenUntrusted !== "run";
}

function untrusted(what: string): TraceCheck {
  return { what: `${what} (the clock is not trusted)`, passed: false, seen: null };
}

/** `after` inclusive, `before` exclusive; a window that ends before it begins crosses midnight. */
function isInside(second: number, after: number, before: number): boolean {
  return after < before ? second >= after && second < before : second >= after || second < before;
}

function writeTime(second: number): string {
  const parts = [Math.floor(second / 3_600), Math.floor(second / 60) % 60, second % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
