import { type Json, jsonEqual, type RuleAction } from "@tram/protocol";
import { pause } from "../guard/pause.ts";
import { countStep } from "../guard/rate.ts";
import type { Block } from "../program.ts";
import type { RunState } from "../rule-state.ts";
import { MAX_OPERATIONS, trace, type Visit } from "../visit.ts";
import { runBlock } from "./block.ts";
import { BudgetSpent, RunContext, RunProblem } from "./run-context.ts";
import { isSwitchedOff } from "./switched.ts";

/** Ends all runs of the rule where they are. */
export function cancelRuns(visit: Visit, detail: string): void {
  for (const run of visit.state.runs) {
    trace(visit, { trigger: run.trigger.id, outcome: "cancelled", detail, runId: run.id });
    endOf(visit, run.parent, "cancelled", detail);
  }
  if (visit.state.runs.length > 0) visit.state = { ...visit.state, runs: [] };
}

/** Lets the runs under way go on as far as they can, and begins the next that queues when none is. */
export function advanceRuns(visit: Visit): void {
  for (const run of visit.state.runs) {
    if (run.block !== undefined) execute(visit, run);
  }
  dropQueue(visit);
  // Runs are in the order of their firing, and one that queues waits for those before it.
  for (
    let [next] = visit.state.runs;
    next !== undefined && next.block === undefined;
    [next] = visit.state.runs
  ) {
    execute(visit, next);
    dropQueue(visit);
  }
}

/** Nothing of a rule that is off is to begin any more; what has begun goes on. */
function dropQueue(visit: Visit): void {
  const { rule, state } = visit;
  if (rule === undefined || state.runs.every(({ block }) => block !== undefined)) return;
  if (!isSwitchedOff(visit, rule)) return;
  for (const run of state.runs) {
    if (run.block !== undefined) continue;
    trace(visit, {
      trigger: run.trigger.id,
      outcome: "cancelled",
      detail: "the rule is disabled",
      runId: run.id,
    });
    endOf(visit, run.parent, "cancelled", "the rule is disabled");
  }
  visit.state = { ...state, runs: state.runs.filter(({ block }) => block !== undefined) };
}

/** Keeps the actions of the versions under way, and forgets the others. Call it once, after the runs moved. */
export function keepActions(visit: Visit): void {
  const actions: Record<string, RuleAction[]> = {};
  for (const { version } of visit.state.runs) actions[version] ??= [...sourceOf(visit, version)];
  if (!jsonEqual(actions as unknown as Json, visit.state.actions as unknown as Json)) {
    visit.state = { ...visit.state, actions };
  }
}

function sourceOf({ rule, state }: Visit, version: string): readonly RuleAction[] {
  return rule?.version === version ? rule.document.rule.actions : (state.actions[version] ?? []);
}

/** What the references mean is always as the house is now. */
export function blockOf(visit: Visit, version: string): Block {
  return visit.program.linkActions(version, () => sourceOf(visit, version)).block;
}

/** Runs actions until all that is left waits, or the end. */
export function execute(visit: Visit, saved: RunState): void {
  // Each run has its own, out of what the visit has: one that is greedy costs the others nothing.
  const { budget } = visit;
  const rest = budget.left;
  budget.left = Math.min(rest, MAX_OPERATIONS);
  const given = budget.left;
  try {
    carryOn(visit, saved);
  } finally {
    budget.left = rest - Math.min(given, given - budget.left);
  }
}

function carryOn(visit: Visit, saved: RunState): void {
  const context = new RunContext(visit, saved);
  try {
    const block = blockOf(visit, saved.version);
    const progress = runBlock(context, block, saved.block);
    if (progress.kind === "waiting") {
      context.at(progress.state);
      const went = saved.block !== undefined && context.run !== saved;
      const hurry = went ? countStep(visit) : undefined;
      if (hurry === undefined) {
        replaceRun(visit, saved, context.run);
        return;
      }
      stop(visit, context, saved, hurry);
    } else if (progress.kind === "done") {
      context.trace({ outcome: "finished" });
      endOf(visit, saved.parent, "confirmed");
    } else {
      context.trace({ outcome: progress.failed ? "failed" : "finished", detail: progress.reason });
      endOf(visit, saved.parent, progress.failed ? "failed" : "confirmed", progress.reason);
    }
  } catch (error) {
    if (error instanceof RunProblem) {
      context.trace({ outcome: "failed", detail: error.message });
      endOf(visit, saved.parent, "failed", error.message);
    } else if (error instanceof BudgetSpent) {
      stop(visit, context, saved, `more than ${MAX_OPERATIONS} operations at one go`);
    } else throw error;
  }
  replaceRun(visit, saved);
}

/** Ends a run that goes too far, and pauses its rule. */
function stop(visit: Visit, context: RunContext, run: RunState, reason: string): void {
  context.trace({ outcome: "failed", detail: reason });
  pause(visit, reason, run.trigger.id);
  endOf(visit, run.parent, "failed", reason);
}

/** Tells who waits for a run how it ended. */
export function endOf(visit: Visit, parent: RunState["parent"], state: string, detail?: string): void {
  if (parent === undefined) return;
  const outcome = { state, ...(detail === undefined ? {} : { detail }) };
  visit.errands.push({ kind: "outcome", ...parent, outcome });
}

function replaceRun(visit: Visit, run: RunState, next?: RunState): void {
  if (next === run) return;
  const runs = visit.state.runs.flatMap((other) => {
    if (other.id !== run.id) return [other];
    return next === undefined ? [] : [next];
  });
  visit.state = { ...visit.state, runs };
}
