import { formatDuration, type Instant, type Ms, type RuleId } from "@tram/protocol";
import { dueAt } from "./due.ts";
import type { Control, Effect, Look, RuleEvent, Trace, World } from "./events.ts";
import { pause, resume } from "./guard/pause.ts";
import { watchHolds } from "./holds.ts";
import type { CompiledRule, Hold, Program } from "./program.ts";
import { type BlockState, type NodeState, type RuleState, stateProblem } from "./rule-state.ts";
import { fire } from "./run/firing.ts";
import { advanceRuns, cancelRuns, keepActions } from "./run/runs.ts";
import { isEnabled, isSwitchedOff } from "./run/switched.ts";
import { NO_LOCALS } from "./scope.ts";
import { beginTriggers, lookAtTriggers, type TriggerHome, triggerWakeAt } from "./trigger/look.ts";
import { type Errand, MAX_VISIT_OPERATIONS, type RulesView, setTrigger, trace, type Visit } from "./visit.ts";

export interface VisitRequest {
  readonly id: RuleId;
  /** Absent while the rule is broken. */
  readonly rule: CompiledRule | undefined;
  readonly state: RuleState | undefined;
  readonly event: RuleEvent;
  readonly world: World;
  readonly program: Program;
  readonly rules: RulesView;
  /** Of a rule without a state: the runs that one of its id had before. */
  readonly counter?: number | undefined;
}

export interface VisitResult {
  /** The same object as before when nothing changed. */
  readonly state: RuleState | undefined;
  readonly effects: readonly Effect[];
  readonly traces: readonly Trace[];
  /** What other rules are to be told, in this step. */
  readonly errands: readonly Errand[];
  readonly looks: ReadonlyMap<string, Look>;
  /** Whether `wakeAt` says something new. */
  readonly plans: boolean;
  /** When the rule must be visited again, on the monotonic clock. */
  readonly wakeAt: Ms | undefined;
}

const MOVES_PLANS: ReadonlySet<RuleEvent["kind"]> = new Set(["start", "wakeup", "clock"]);

/** How often a wait looks again whose conditions begin to hold by mere passing of time. */
const RECHECK_MS: Ms = 1_000;
const NO_LOOKS: ReadonlyMap<string, Look> = new Map();

/**
 * One rule meets one event. First the runs go on that can, then the triggers are looked at, in the order they are
 * written.
 *
 * An exception is a bug of the engine or of what it asks; it stays with this rule: nothing of the visit counts, it is
 * traced as failed, and the rule is left alone until something else concerns it.
 */
export function visitRule(request: VisitRequest): VisitResult {
  const { event, id, program, rule, rules, world } = request;
  const traces: Trace[] = [];
  try {
    let saved = request.state;
    if (event.kind === "start" && saved !== undefined) {
      const problem = stateProblem(saved);
      if (problem !== undefined) {
        traces.push(failure(world.now, `the saved state is dropped: ${problem}`));
        saved = undefined;
      }
    }
    const state = saved ?? (rule === undefined ? undefined : newState(rule, request.counter ?? 0));
    if (state === undefined) return nothing(state, traces);
    const visit: Visit = {
      id,
      rule,
      event,
      world,
      calendar: program.calendar,
      program,
      rules,
      state,
      effects: [],
      traces,
      errands: [],
      looks: new Map(),
      budget: { left: MAX_VISIT_OPERATIONS },
    };
    const { runs } = visit.state;
    if (rule !== undefined) adopt(visit, rule);
    if (event.kind === "control") obey(visit, event.control);
    if (visit.state.holds !== undefined || runs.length > 0 || (rule?.holds.length ?? 0) > 0) {
      watchHolds(visit, holdsOf(visit));
    }
    if (event.kind === "start" && event.restored === true) traceResumed(visit);
    if (visit.state.runs.length > 0) advanceRuns(visit);
    if (rule !== undefined && !isSwitchedOff(visit, rule)) {
      if (event.kind === "control") run(visit, rule, event.control);
      else lookAtTriggers(visit, rule.triggers, homeOf(visit, rule));
    }
    if (event.kind === "start" || visit.state.runs !== runs) keepActions(visit);
    const { effects, errands, looks } = visit;
    // What changed nothing leaves the plan alone: wall-clock plans would move by fractions each time.
    const plans = visit.state !== request.state || MOVES_PLANS.has(event.kind);
    const wakeAt = plans ? nextWake(visit.state, rule, world.now) : undefined;
    return { state: visit.state, effects, traces, errands, looks, plans, wakeAt };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return nothing(request.state, [...traces, failure(world.now, `the engine failed: ${reason}`)]);
  }
}

function nothing(state: RuleState | undefined, traces: readonly Trace[]): VisitResult {
  return { state, effects: [], traces, errands: [], looks: NO_LOOKS, plans: false, wakeAt: undefined };
}

export function failure(now: Instant, detail: string): Trace {
  return { time: now.wall, trigger: "", outcome: "failed", detail, checks: [] };
}

/** What idle rules have in common. */
const NO_RUNS: RuleState["runs"] = [];
const NO_ACTIONS: RuleState["actions"] = {};

/** @param counter of the rule of that id that was there before: ids of runs do not come again. */
function newState(rule: CompiledRule, counter: number): RuleState {
  return {
    file: rule.file,
    version: rule.version,
    counter,
    triggers: {},
    runs: NO_RUNS,
    actions: NO_ACTIONS,
  };
}

/**
 * When a rule wants to be visited though nothing happens, on the monotonic clock of the current boot.
 * @param lateMs a look at the time that was due so long ago, and less, is due still.
 */
export function nextWake(
  state: RuleState,
  rule: CompiledRule | undefined,
  now: Instant,
  lateMs: Ms = 0,
): Ms | undefined {
  let earliest: Ms | undefined;
  const consider = (at: Ms | undefined) => {
    if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
  };
  const ofNode = (node: NodeState | undefined) => {
    if (node === undefined) return;
    if (node.wait !== undefined) consider(dueAt(node.wait, now));
    // On whole ones, so that looking at it again does not move it.
    if (node.recheck === true) consider((Math.floor((now.monotonic - lateMs) / RECHECK_MS) + 1) * RECHECK_MS);
    for (const own of Object.values(node.triggers ?? {})) consider(triggerWakeAt(own, now));
    ofBlock(node.block);
    for (const block of node.blocks ?? []) ofBlock(block ?? undefined);
  };
  const ofBlock = (block: BlockState | undefined) => ofNode(block?.node);
  for (const run of state.runs) ofBlock(run.block);
  if (rule !== undefined && isEnabled(rule, state)) {
    for (const { key, ...trigger } of rule.triggers) {
      const own = state.triggers[key];
      if (own !== undefined) consider(triggerWakeAt(own, now));
      if (
        trigger.kind === "watch" &&
        trigger.source?.on === "expression" &&
        trigger.source.expression.usesTime
      ) {
        consider(now.monotonic + 60_000 - (now.wall % 60_000));
      }
    }
  }
  return earliest;
}

function homeOf(visit: Visit, rule: CompiledRule): TriggerHome {
  return {
    locals: NO_LOCALS,
    state: (key) => visit.state.triggers[key],
    keep: (key, next) => setTrigger(visit, key, next),
    fire: (firing) => fire(visit, rule, firing),
  };
}

/** Makes the state fit the present version of the rule: triggers that are new begin from what is known now. */
function adopt(visit: Visit, rule: CompiledRule): void {
  const { state } = visit;
  const sameVersion = state.version === rule.version;
  if (!sameVersion) {
    for (const [key, own] of Object.entries(state.triggers)) {
      if (!("pending" in own) || own.pending === undefined) continue;
      trace(visit, { trigger: `triggers[${key}]`, outcome: "cancelled", detail: "the rule changed" });
    }
    if (rule.onEdit === "cancel") cancelRuns(visit, "the rule changed");
  }
  if (!sameVersion || state.file !== rule.file) {
    const { paused: _over, ...rest } = visit.state;
    const triggers = sameVersion ? state.triggers : {};
    const kept = sameVersion ? visit.state : rest;
    visit.state = { ...kept, file: rule.file, version: rule.version, triggers };
  }
  const { switched } = visit.state;
  if (switched !== undefined && switched.file !== rule.enabled) {
    const { switched: _lapsed, ...rest } = visit.state;
    visit.state = rest;
  }
  if (visit.event.kind === "start") forgetTriggers(visit, rule);
  if (isEnabled(rule, visit.state) && (!sameVersion || visit.event.kind === "start")) {
    const watches = rule.triggers.filter(({ kind }) => kind === "watch");
    beginTriggers(visit, watches, homeOf(visit, rule));
  }
}

/** What triggers remember that are gone, or of a rule that is off, is no news when they come back. */
function forgetTriggers(visit: Visit, rule: CompiledRule): void {
  const { triggers } = visit.state;
  const wanted = isEnabled(rule, visit.state) ? new Set(rule.triggers.map(({ key }) => key)) : new Set();
  const kept = Object.entries(triggers).filter(([key]) => wanted.has(key));
  if (kept.length < Object.keys(triggers).length) {
    visit.state = { ...visit.state, triggers: Object.fromEntries(kept) };
  }
}

/** Conditions are asked by the present version, and by the runs of older ones. */
function holdsOf({ program, rule, state }: Visit): readonly Hold[] {
  const own = rule?.holds ?? [];
  const older = Object.entries(state.actions).filter(([version]) => version !== rule?.version);
  return older.length === 0
    ? own
    : [...own, ...older.flatMap(([version, source]) => program.linkActions(version, () => source).holds)];
}

function obey(visit: Visit, control: Control): void {
  const { rule } = visit;
  if (control.do === "cancel") cancelRuns(visit, `by ${control.by}`);
  if (control.do === "pause") {
    cancelRuns(visit, control.reason);
    pause(visit, control.reason, "");
  }
  if (control.do === "resume") resume(visit, control.by);
  if ((control.do !== "enable" && control.do !== "disable") || rule === undefined) return;
  const enabled = control.do === "enable";
  if (isEnabled(rule, visit.state) === enabled) return;
  // What happened meanwhile is not news to a rule that is switched on: it begins from what is known then.
  const { switched: _before, ...rest } = visit.state;
  const switched = rule.enabled === enabled ? {} : { switched: { enabled, file: rule.enabled } };
  visit.state = { ...rest, ...switched, triggers: {} };
  trace(visit, { trigger: "", outcome: enabled ? "enabled" : "disabled", detail: `by ${control.by}` });
  if (enabled) beginTriggers(visit, rule.triggers, homeOf(visit, rule));
}

function run(visit: Visit, rule: CompiledRule, control: Control): void {
  if (control.do !== "run") return;
  const { by, cause, chain, parent, unconditionally, variables } = control;
  const firing = { trigger: by, kind: "call", cause, chain };
  fire(visit, rule, firing, {
    ...(unconditionally === undefined ? {} : { unconditionally }),
    ...(variables === undefined ? {} : { variables }),
    ...(parent === undefined ? {} : { parent }),
  });
}

function traceResumed(visit: Visit): void {
  const { now } = visit.world;
  const left = (at: Ms) => `${formatDuration(Math.max(0, at - now.monotonic))} left`;
  for (const run of visit.state.runs) {
    const at = run.block?.node?.wait;
    const detail = run.block === undefined ? "queued" : at === undefined ? "waits" : left(dueAt(at, now));
    trace(visit, { trigger: run.trigger.id, outcome: "resumed", detail, runId: run.id });
  }
  for (const trigger of visit.rule?.triggers ?? []) {
    const own = visit.state.triggers[trigger.key];
    if (own === undefined || !("pending" in own) || own.pending === undefined) continue;
    const detail = own.pending.held === true ? "held" : left(dueAt(own.pending, now));
    trace(visit, { trigger: trigger.label, outcome: "resumed", detail });
  }
}
