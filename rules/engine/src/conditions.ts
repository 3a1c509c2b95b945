import type { Instant, TraceCheck } from "@tram/protocol";
import type { Calendar } from "./calendar.ts";
import type { World } from "./events.ts";
import type { CompiledCondition } from "./program.ts";
import { matches, mismatch } from "./value-test.ts";

export interface ConditionResult {
  readonly passed: boolean;
  /**
   * Every condition, a group before its parts, each with its own result and the value that was seen. All are
   * evaluated, so that the diary shows more than the first that failed.
   */
  readonly checks: TraceCheck[];
}

/**
 * Tells whether all conditions hold now. Values count whatever their quality; one that is not known matches nothing.
 * A time window matches nothing while the wall clock is untrusted. Its weekday is that of the present day, also in
 * the part of a window after midnight.
 */
export function evaluateConditions(
  conditions: readonly CompiledCondition[],
  world: World,
  calendar: Calendar,
): ConditionResult {
  const checks: TraceCheck[] = [];
  const evaluate = (condition: CompiledCondition, place: string): boolean => {
    switch (condition.kind) {
      case "value": {
        const check = checkValueCondition(condition, world);
        checks.push({ ...check, what: `${place}: ${check.what}` });
        return check.passed;
      }
      case "time": {
        const check = checkWindow(condition, world.now, calendar);
        checks.push({ ...check, what: `${place}: ${check.what}` });
        return check.passed;
      }
      default: {
        const own = checks.push({ what: `${place}: ${condition.what}`, passed: false, seen: null }) - 1;
        const results = condition.inner.map((inner, index) =>
          evaluate(inner, condition.kind === "not" ? `${place}.not` : `${place}.${condition.kind}[${index}]`),
        );
        const passed = combine(condition.kind, results);
        checks[own] = { what: `${place}: ${condition.what}`, passed, seen: null };
        return passed;
      }
    }
  };
  const results = conditions.map((condition, index) => evaluate(condition, `conditions[${index}]`));
  return { passed: results.every(Boolean), checks };
}

function combine(kind: "and" | "or" | "not", results: readonly boolean[]): boolean {
  if (kind === "and") return results.every(Boolean);
  if (kind === "or") return results.some(Boolean);
  return !results.some(Boolean);
}

function checkValueCondition(
  condition: Extract<CompiledCondition, { kind: "value" }>,
  world: World,
): TraceCheck {
  const { target, test, what } = condition;
  const known = target === undefined ? undefined : world.read(target.thing, target.property);
  if (known === undefined || known.value === null) {
    return { what: `${what} (not known)`, passed: false, seen: null };
  }
  const notes = [
    ...(known.quality === "good" ? [] : [known.quality]),
    ...(mismatch(test, known.value) === undefined ? [] : ["not a number"]),
  ];
  const note = notes.length === 0 ? "" : ` (${notes.join(", ")})`;
  return { what: `${what}${note}`, passed: matches(test, known.value), seen: known.value };
}

function checkWindow(
  window: Extract<CompiledCondition, { kind: "time" }>,
  now: Instant,
  calendar: Calendar,
): TraceCheck {
  if (now.trust === "untrusted") {
    return { what: `${window.what} (the clock is not trusted)`, passed: false, seen: null };
  }
  const { secondOfDay, weekday } = calendar.local(now.wall);
  const onDay = window.weekdays === undefined || window.weekdays.includes(weekday);
  const passed = onDay && isInside(secondOfDay, window.after ?? 0, window.before ?? 86_400);
  return { what: window.what, passed, seen: `${weekday} ${writeTime(secondOfDay)}` };
}

/** `after` inclusive, `before` exclusive; a window that ends before it begins crosses midnight. */
function isInside(second: number, after: number, before: number): boolean {
  return after < before ? second >= after && second < before : second >= after || second < before;
}

function writeTime(second: number): string {
  const parts = [Math.floor(second / 3_600), Math.floor(second / 60) % 60, second % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
