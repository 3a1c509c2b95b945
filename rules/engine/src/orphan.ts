import type { Instant, RuleId } from "@tram/protocol";
import type { Trace } from "./events.ts";
import type { Program } from "./program.ts";
import { type RuleState, stateProblem } from "./rule-state.ts";
import { failure } from "./rule-visit.ts";

/**
 * Whether a rule is gone for good: neither among those that run, nor broken, nor of a file that cannot be read now.
 * A typing mistake must not make the gateway forget that a pump is to be stopped in ten minutes.
 */
export function isDeleted(program: Program, id: RuleId, state: RuleState): boolean {
  if (program.rules.has(id)) return false;
  const fits = stateProblem(state) === undefined;
  return !program.broken.some((rule) =>
    rule.id === undefined ? fits && rule.file === state.file : rule.id === id,
  );
}

/** What the diary says of a rule that is deleted: each run that was under way, and a state that was malformed. */
export function traceDeletion(state: RuleState, now: Instant): Trace[] {
  const problem = stateProblem(state);
  if (problem !== undefined) return [failure(now, `the saved state is dropped: ${problem}`)];
  return state.runs.map((run) => ({
    time: now.wall,
    trigger: run.trigger.id,
    outcome: "cancelled" as const,
    detail: "the rule was deleted",
    checks: [],
    runId: run.id,
  }));
}
