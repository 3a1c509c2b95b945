import { formatDuration, type Instant, type Ms, type RuleId } from "@tram/protocol";
import type { Calendar } from "./calendar.ts";
import { dueAt, wallDueAt } from "./due.ts";
import type { Effect, RuleEvent, Trace, World } from "./events.ts";
import { type CompiledRule, type CompiledTrigger, watchKey } from "./program.ts";
import { type RuleState, stateProblem } from "./rule-state.ts";
import { advanceRuns, keepActions } from "./runs.ts";
import { onClock } from "./time-trigger.ts";
import { MAX_ACTIONS_PER_STEP, setTrigger, trace, type Visit } from "./visit.ts";
import { initialWatch, onGoodValue, onTime, type Watch } from "./watch-trigger.ts";

export interface VisitRequest {
  readonly id: RuleId;
  /** Absent while the rule is broken. */
  readonly rule: CompiledRule | undefined;
  readonly state: RuleState | undefined;
  readonly event: RuleEvent;
  readonly world: World;
  readonly calendar: Calendar;
  /** Of a reading: the triggers that watch its property. */
  readonly watched?: readonly number[];
}

export interface VisitResult {
  /** The same object as before when nothing changed. */
  readonly state: RuleState | undefined;
  readonly effects: readonly Effect[];
  readonly traces: readonly Trace[];
  /** When the rule must be visited again, on the monotonic clock. */
  readonly wakeAt: Ms | undefined;
}

/**
 * One rule meets one event. First the runs whose delay is over go on, then the triggers are looked at, in the order
 * they are written.
 *
 * An exception is a bug of the engine or of what it asks; it stays with this rule: nothing of the visit counts, it is
 * traced as failed, and the rule is left alone until something else concerns it.
 */
export function visitRule(request: VisitRequest): VisitResult {
  const { event, id, rule, world } = request;
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
    const state = saved ?? (rule === undefined ? undefined : newState(rule));
    if (state === undefined) return { state, effects: [], traces, wakeAt: undefined };
    const visit: Visit = {
      id,
      rule,
      world,
      calendar: request.calendar,
      state,
      effects: [],
      traces,
      actionsLeft: MAX_ACTIONS_PER_STEP,
    };
    const { runs } = visit.state;
    if (rule !== undefined) adopt(visit, rule, event);
    if (event.kind === "start" && event.restored === true) traceResumed(visit);
    advanceRuns(visit);
    if (rule?.enabled === true) lookAtTriggers(visit, rule, request);
    if (event.kind === "start" || visit.state.runs !== runs) keepActions(visit);
    const wakeAt = nextWake(visit.state, rule, world.now);
    return { state: visit.state, effects: visit.effects, traces, wakeAt };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return {
      state: request.state,
      effects: [],
      traces: [failure(world.now, `the engine failed: ${reason}`)],
      wakeAt: undefined,
    };
  }
}

/** The diary entry of something that belongs to no trigger. */
export function failure(now: Instant, detail: string): Trace {
  return { time: now.wall, trigger: "rule", outcome: "failed", detail, checks: [] };
}

/** When a rule needs to be visited next, on the monotonic clock of the current boot. */
export function nextWake(state: RuleState, rule: CompiledRule | undefined, now: Instant): Ms | undefined {
  let earliest: Ms | undefined;
  const consider = (at: Ms) => {
    if (earliest === undefined || at < earliest) earliest = at;
  };
  for (const { wait } of state.runs) if (wait !== undefined) consider(dueAt(wait, now));
  if (rule?.enabled !== true) return earliest;
  for (const [index, trigger] of rule.triggers.entries()) {
    const own = state.triggers[index];
    if (own === undefined) continue;
    if ("on" in own) {
      const lives = trigger.kind === "watch" && trigger.target !== undefined;
      if (lives && own.pending !== undefined && own.pending.held !== true) consider(dueAt(own.pending, now));
    } else if (own.planned !== undefined && now.trust !== "untrusted") {
      consider(wallDueAt(own.planned, now));
    }
  }
  return earliest;
}

function newState({ file, version }: CompiledRule): RuleState {
  return { file, version, counter: 0, triggers: {}, runs: [], actions: {} };
}

/** Makes the state fit the rule: of a changed rule the runs go on, and the triggers begin anew. */
function adopt(visit: Visit, rule: CompiledRule, event: RuleEvent): void {
  const { state } = visit;
  const sameVersion = state.version === rule.version;
  if (!sameVersion) {
    for (const [index, own] of Object.entries(state.triggers)) {
      if (!("pending" in own) || own.pending === undefined) continue;
      trace(visit, { trigger: `triggers[${index}]`, outcome: "cancelled", detail: "the rule changed" });
    }
  }
  if (!sameVersion || state.file !== rule.file) {
    const triggers = sameVersion ? state.triggers : {};
    visit.state = { ...state, file: rule.file, version: rule.version, triggers };
  }
  if (!rule.enabled || (sameVersion && event.kind !== "start" && Object.keys(state.triggers).length > 0))
    return;
  for (const [index, trigger] of rule.triggers.entries()) {
    const watch = watchOf(rule, trigger, index);
    if (watch === undefined) continue;
    const own = visit.state.triggers[index];
    const on = watchKey(watch.target.thing, watch.target.property);
    if (own === undefined || !("on" in own) || own.on !== on) {
      setTrigger(visit, index, initialWatch(watch, visit.world));
    }
  }
}

function traceResumed(visit: Visit): void {
  const { now } = visit.world;
  const left = (at: Ms) => `${formatDuration(Math.max(0, at - now.monotonic))} left`;
  for (const run of visit.state.runs) {
    const detail = run.wait === undefined ? "queued" : left(dueAt(run.wait, now));
    trace(visit, { trigger: run.trigger, outcome: "resumed", detail, runId: run.id });
  }
  for (const [index, trigger] of (visit.rule?.triggers ?? []).entries()) {
    const own = visit.state.triggers[index];
    if (own === undefined || !("pending" in own) || own.pending === undefined) continue;
    const detail = own.pending.held === true ? "held" : left(dueAt(own.pending, now));
    trace(visit, { trigger: trigger.label, outcome: "resumed", detail });
  }
}

function lookAtTriggers(visit: Visit, rule: CompiledRule, { event, watched = [] }: VisitRequest): void {
  const replan = event.kind === "start" || event.kind === "clock";
  for (const [index, trigger] of rule.triggers.entries()) {
    if (trigger.kind === "time") {
      onClock(visit, { index, rule, trigger }, replan);
      continue;
    }
    const watch = watchOf(rule, trigger, index);
    if (watch === undefined) continue;
    if (event.kind === "reading" && watched.includes(index)) {
      const { cause, quality, value } = event.reading;
      if (quality === "good" && value !== null) onGoodValue(visit, watch, value, cause);
      else onTime(visit, watch);
    } else if (event.kind === "start" && !trigger.momentary) {
      // Normally no news. It is, when a good value came while the rule was broken.
      const known = visit.world.read(watch.target.thing, watch.target.property);
      if (known?.quality === "good" && known.value !== null) onGoodValue(visit, watch, known.value);
      else onTime(visit, watch);
    } else onTime(visit, watch);
  }
}

function watchOf(rule: CompiledRule, trigger: CompiledTrigger, index: number): Watch | undefined {
  if (trigger.kind !== "watch" || trigger.target === undefined) return undefined;
  return { index, rule, trigger, target: trigger.target };
}
