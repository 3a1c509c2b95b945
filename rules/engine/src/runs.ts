import { type Cause, formatDuration, type Json, jsonEqual } from "@tram/protocol";
import { evaluateConditions } from "./conditions.ts";
import { writeValue } from "./describe-value.ts";
import { isDue } from "./due.ts";
import type { CompiledAction, CompiledRule } from "./program.ts";
import { type RunState, saveCause, saveInstant } from "./rule-state.ts";
import { MAX_ACTIONS_PER_STEP, trace, type Visit } from "./visit.ts";

/** What made a trigger fire. */
export interface Firing {
  readonly trigger: string;
  readonly seen?: Json;
  readonly detail?: string;
  readonly cause?: Cause | undefined;
}

/**
 * A trigger fired: if the conditions hold now, a run begins, as far as the rule's mode allows.
 * - `single`: dropped while a run is under way.
 * - `restart`: the runs under way are cancelled.
 * - `queued`: waits behind them; dropped when `max` are under way or waiting.
 * - `parallel`: begins beside them; dropped when `max` are under way.
 */
export function fire(visit: Visit, rule: CompiledRule, firing: Firing): void {
  const { cause, ...told } = firing;
  const { passed, checks } = evaluateConditions(rule.conditions, visit.world, visit.calendar);
  if (!passed) {
    trace(visit, { ...told, outcome: "condition-false", checks });
    return;
  }

  const underWay = visit.state.runs.length;
  const bound = rule.mode === "single" ? 1 : rule.mode === "restart" ? Number.POSITIVE_INFINITY : rule.max;
  if (underWay >= bound) {
    const detail = `${underWay === 1 ? "a run is" : `${underWay} runs are`} under way (mode ${rule.mode})`;
    trace(visit, { ...told, outcome: "mode-dropped", checks, detail });
    return;
  }
  if (rule.mode === "restart") cancelRuns(visit, "restarted");

  const counter = visit.state.counter + 1;
  const run: RunState = {
    id: `${visit.id}-${counter}`,
    trigger: firing.trigger,
    version: rule.version,
    at: 0,
    ...saveCause(cause),
  };
  const queued = rule.mode === "queued" && underWay > 0;
  const detail = queued ? `queued behind ${underWay}` : firing.detail;
  trace(visit, { ...told, outcome: "fired", checks, detail, runId: run.id });
  visit.state = {
    ...visit.state,
    counter,
    lastFired: visit.world.now.wall,
    runs: [...visit.state.runs, run],
  };
  if (!queued) execute(visit, run);
}

/** Ends all runs of the rule where they are. */
function cancelRuns(visit: Visit, detail: string): void {
  for (const run of visit.state.runs) {
    trace(visit, { trigger: run.trigger, outcome: "cancelled", detail, runId: run.id });
  }
  if (visit.state.runs.length > 0) visit.state = { ...visit.state, runs: [] };
}

/** Continues the runs whose delay is over, and begins the next that queues when none is under way. */
export function advanceRuns(visit: Visit): void {
  for (const run of visit.state.runs) {
    if (run.wait !== undefined && isDue(run.wait, visit.world.now)) execute(visit, run);
  }
  // Runs that wait have begun; the others queue.
  while (visit.state.runs.length > 0 && visit.state.runs.every((run) => run.wait === undefined)) {
    const [next] = visit.state.runs;
    if (next !== undefined) execute(visit, next);
  }
}

/** Keeps the actions of the versions under way, and forgets the others. Call it once, after the runs moved. */
export function keepActions(visit: Visit): void {
  const actions: Record<string, CompiledAction[]> = {};
  for (const { version } of visit.state.runs) actions[version] ??= [...actionsOf(visit, version)];
  if (!jsonEqual(actions, visit.state.actions)) visit.state = { ...visit.state, actions };
}

/** The current program knows best what the references of its own version mean; older versions have only their copy. */
function actionsOf(visit: Visit, version: string): readonly CompiledAction[] {
  if (visit.rule?.version === version) return visit.rule.actions;
  return visit.state.actions[version] ?? [];
}

/** Runs actions until the next delay or the end. */
function execute(visit: Visit, run: RunState): void {
  const actions = actionsOf(visit, run.version);
  for (let at = run.at; at < actions.length; at++) {
    const action = actions[at];
    if (action === undefined) break;
    if (visit.actionsLeft === 0) {
      const detail = `more than ${MAX_ACTIONS_PER_STEP} actions in one step`;
      trace(visit, { trigger: run.trigger, outcome: "failed", detail, runId: run.id });
      replaceRun(visit, run);
      return;
    }
    visit.actionsLeft--;
    perform(visit, run, action, `actions[${at}]`);
    if ("delayMs" in action && action.delayMs > 0) {
      const wait = { since: saveInstant(visit.world.now), durationMs: action.delayMs };
      replaceRun(visit, run, { ...run, at: at + 1, wait });
      return;
    }
  }
  trace(visit, { trigger: run.trigger, outcome: "finished", runId: run.id });
  replaceRun(visit, run);
}

function replaceRun(visit: Visit, run: RunState, next?: RunState): void {
  const runs = visit.state.runs.flatMap((other) => {
    if (other.id !== run.id) return [other];
    return next === undefined ? [] : [next];
  });
  visit.state = { ...visit.state, runs };
}

function perform(visit: Visit, run: RunState, action: CompiledAction, place: string): void {
  const told = { trigger: run.trigger, runId: run.id };
  if ("delayMs" in action) {
    trace(visit, { ...told, outcome: "action", detail: `${place}: wait ${formatDuration(action.delayMs)}` });
  } else if ("notify" in action) {
    visit.effects.push({ kind: "notify", rule: visit.id, level: action.level, text: action.notify });
    trace(visit, {
      ...told,
      outcome: "action",
      detail: `${place}: notify (${action.level}) ${action.notify}`,
    });
  } else if (action.target === undefined) {
    // The run goes on: what follows may be what makes things safe again.
    trace(visit, { ...told, outcome: "failed", detail: `${place}: ${action.set} belongs to no known Thing` });
  } else {
    const { property, thing } = action.target;
    visit.effects.push({
      kind: "set",
      rule: visit.id,
      thing,
      property,
      value: action.value,
      ...(run.cause === undefined ? {} : { cause: run.cause }),
    });
    const detail = `${place}: set ${thing}/${property} to ${writeValue(action.value)}`;
    trace(visit, { ...told, outcome: "action", detail });
  }
}
