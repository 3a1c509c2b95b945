import { type Json, jsonEqual, type RuleAction } from "@tram/protocol";
import { evaluateConditions } from "../conditions.ts";
import { loopOf } from "../guard/loop.ts";
import { pause, pauseReason } from "../guard/pause.ts";
import { countRun } from "../guard/rate.ts";
import type { Block, CompiledRule } from "../program.ts";
import { type RunState, saveCause, saveChain, type TriggerFacts } from "../rule-state.ts";
import { type Firing, MAX_OPERATIONS, trace, type Visit } from "../visit.ts";
import { runBlock } from "./block.ts";
import { BudgetSpent, RunContext, RunProblem } from "./run-context.ts";

export interface FiringOptions {
  /** Do not ask the conditions. */
  readonly unconditionally?: boolean;
  /** Given by who called the rule. */
  readonly variables?: Readonly<Record<string, Json>>;
  /** Who waits for the end of the run. */
  readonly parent?: NonNullable<RunState["parent"]>;
}

/**
 * A trigger fired: if the conditions hold now, a run begins, as far as the guards and the mode allow.
 * - `single`: dropped while a run is under way.
 * - `restart`: the runs under way are cancelled.
 * - `queued`: waits behind them; dropped when `max` are under way or waiting.
 * - `parallel`: begins beside them; dropped when `max` are under way.
 */
export function fire(visit: Visit, rule: CompiledRule, firing: Firing, options: FiringOptions = {}): void {
  const { cause, chain = [], detail: facts, seen, trigger } = firing;
  const told = { trigger, ...(seen === undefined ? {} : { seen }) };
  const refuse = (reason: string) => endOf(visit, options.parent, "refused", reason);
  const paused = pauseReason(visit);
  if (paused !== undefined) {
    trace(visit, { ...told, outcome: "paused", detail: paused });
    refuse(`paused: ${paused}`);
    return;
  }
  const loop = loopOf(chain, visit.id);
  if (loop !== undefined) {
    trace(visit, { ...told, outcome: "failed", detail: loop });
    pause(visit, loop, trigger);
    refuse(loop);
    return;
  }
  const about = factsOf(visit, firing);
  const locals = { trigger: about, variables: options.variables ?? {} };
  const { checks, passed } =
    options.unconditionally === true
      ? { passed: true, checks: [] }
      : evaluateConditions(visit, rule.conditions, locals);
  if (!passed) {
    trace(visit, { ...told, outcome: "condition-false", checks });
    refuse("its conditions do not hold");
    return;
  }

  const mode = firing.mode ?? rule.mode;
  const underWay = visit.state.runs.length;
  const bound = mode === "single" ? 1 : mode === "restart" ? Number.POSITIVE_INFINITY : rule.max;
  if (underWay >= bound) {
    const detail = `${underWay === 1 ? "a run is" : `${underWay} runs are`} under way (mode ${mode})`;
    trace(visit, { ...told, outcome: "mode-dropped", checks, detail });
    refuse(detail);
    return;
  }
  const rate = countRun(visit, rule);
  if (rate.kind !== "fine") {
    const detail = rate.kind === "limited" ? rate.detail : rate.reason;
    trace(visit, { ...told, outcome: "mode-dropped", checks, detail });
    if (rate.kind === "runaway") pause(visit, detail, trigger);
    refuse(detail);
    return;
  }
  if (mode === "restart") cancelRuns(visit, "restarted");

  const counter = visit.state.counter + 1;
  const queued = mode === "queued" && underWay > 0;
  const run: RunState = {
    id: `${visit.id}-${counter}`,
    trigger: about,
    version: rule.version,
    variables: { ...options.variables },
    effects: 0,
    ...saveCause(cause),
    ...saveChain(chain),
    ...(options.parent === undefined ? {} : { parent: options.parent }),
  };
  const detail = queued ? `queued behind ${underWay}` : facts;
  trace(visit, { ...told, outcome: "fired", checks, detail, runId: run.id });
  visit.state = {
    ...visit.state,
    counter,
    lastFired: visit.world.now.wall,
    runs: [...visit.state.runs, run],
  };
  if (!queued) execute(visit, run);
}

/** What expressions see of a firing: no larger than what may be written with each step of the run. */
function factsOf({ world }: Visit, firing: Firing): TriggerFacts {
  const { data, kind, previous, property, seen, thing, trigger } = firing;
  return {
    id: trigger,
    kind,
    time: world.now.wall,
    ...bounded("value", seen),
    ...bounded("previous", previous),
    ...bounded("data", data),
    ...(thing === undefined ? {} : { thing }),
    ...(property === undefined ? {} : { property }),
  };
}

const MAX_FACT_LENGTH = 16_384;

function bounded<Name extends string>(name: Name, value: Json | undefined): Partial<Record<Name, Json>> {
  if (value === undefined) return {};
  const large = typeof value === "object" || typeof value === "string" ? JSON.stringify(value).length : 0;
  return { [name]: large > MAX_FACT_LENGTH ? null : value } as Partial<Record<Name, Json>>;
}

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
  // Runs that have begun have a place; the others queue.
  while (visit.state.runs.length > 0 && visit.state.runs.every((run) => run.block === undefined)) {
    const [next] = visit.state.runs;
    if (next !== undefined) execute(visit, next);
  }
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
function blockOf(visit: Visit, version: string): Block {
  return visit.program.linkActions(version, () => sourceOf(visit, version)).block;
}

/** Runs actions until all that is left waits, or the end. */
function execute(visit: Visit, saved: RunState): void {
  const context = new RunContext(visit, saved);
  try {
    const block = blockOf(visit, saved.version);
    // The rule's own variables are computed when the run begins, which in a queue is later than it fired.
    if (saved.block === undefined && visit.rule?.version === saved.version) {
      for (const [name, template] of visit.rule.variables) {
        if (!Object.hasOwn(saved.variables, name)) context.set(name, context.value(template));
      }
    }
    const progress = runBlock(context, block, saved.block);
    if (progress.kind === "waiting") {
      context.at(progress.state);
      replaceRun(visit, saved, context.run);
      return;
    }
    if (progress.kind === "done") {
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
      const reason = `more than ${MAX_OPERATIONS} operations at one go`;
      context.trace({ outcome: "failed", detail: reason });
      pause(visit, reason, saved.trigger.id);
      endOf(visit, saved.parent, "failed", reason);
    } else throw error;
  }
  replaceRun(visit, saved);
}

/** Tells who waits for a run how it ended. */
function endOf(visit: Visit, parent: RunState["parent"], state: string, detail?: string): void {
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
