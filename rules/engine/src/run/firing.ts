import type { Json } from "@tram/protocol";
import { evaluateTemplate } from "../cel/index.ts";
import { evaluateConditions } from "../conditions.ts";
import { loopOf } from "../guard/loop.ts";
import { pause, pauseReason } from "../guard/pause.ts";
import { countRun } from "../guard/rate.ts";
import type { CompiledRule } from "../program.ts";
import { type RunState, saveCause, saveChain, type TriggerFacts } from "../rule-state.ts";
import { scopeOf } from "../scope.ts";
import { type Firing, trace, type Visit } from "../visit.ts";
import { factsOf } from "./facts.ts";
import { MAX_VARIABLES_LENGTH } from "./run-context.ts";
import { cancelRuns, endOf, execute } from "./runs.ts";
import { isSwitchedOff } from "./switched.ts";

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
  if (isSwitchedOff(visit, rule)) {
    refuse(`rule ${rule.id} is disabled`);
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
  const named = nameVariables(visit, rule, { trigger: about, variables: options.variables ?? {} });
  if (!named.ok) {
    trace(visit, { ...told, outcome: "failed", detail: named.problem });
    refuse(named.problem);
    return;
  }
  const { variables } = named;
  const locals = { trigger: about, variables };
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
  if (mode === "queued" && underWay > 0 && options.parent !== undefined && chain.includes(visit.id)) {
    const detail = "it would queue behind the run that waits for it";
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
    variables,
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

type Named =
  | { readonly ok: true; readonly variables: Readonly<Record<string, Json>> }
  | { readonly ok: false; readonly problem: string };

/** The variables of the rule as they are when it fires, before its conditions; those that were given come first. */
function nameVariables(
  visit: Visit,
  rule: CompiledRule,
  {
    trigger,
    variables: given,
  }: { readonly trigger: TriggerFacts; readonly variables: Readonly<Record<string, Json>> },
): Named {
  let variables = given;
  for (const [name, template] of rule.variables) {
    if (Object.hasOwn(given, name)) continue;
    const result = evaluateTemplate(template, scopeOf(visit, { trigger, variables }), visit.budget);
    if (!result.ok) return { ok: false, problem: `variables.${name}: ${result.problem}` };
    variables = { ...variables, [name]: result.value };
  }
  if (variables === given) return { ok: true, variables };
  const { length } = JSON.stringify(variables);
  if (length <= MAX_VARIABLES_LENGTH) return { ok: true, variables };
  return {
    ok: false,
    problem: `its variables have ${length} characters, expected at most ${MAX_VARIABLES_LENGTH}`,
  };
}
