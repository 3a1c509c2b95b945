import type { RuleId, TraceCheck } from "@tram/protocol";
import type { Calendar } from "./calendar.ts";
import type { Effect, Trace, World } from "./events.ts";
import type { CompiledRule } from "./program.ts";
import type { RuleState, TimeState, WatchState } from "./rule-state.ts";

/** Actions that one rule may run in one step; a run that wants more has gone wrong. */
export const MAX_ACTIONS_PER_STEP = 10_000;

/** The scratch pad of one visit to one rule. `state` is replaced, never changed in place. */
export interface Visit {
  readonly id: RuleId;
  /** Absent of a rule that is broken now: it watches nothing, but its runs finish. */
  readonly rule: CompiledRule | undefined;
  readonly world: World;
  readonly calendar: Calendar;
  state: RuleState;
  readonly effects: Effect[];
  readonly traces: Trace[];
  actionsLeft: number;
}

export interface TraceDetails {
  readonly trigger: string;
  readonly outcome: Trace["outcome"];
  readonly seen?: unknown;
  readonly detail?: string | undefined;
  readonly checks?: readonly TraceCheck[];
  readonly runId?: string;
}

export function trace(visit: Visit, details: TraceDetails): void {
  const { detail, checks = [], ...rest } = details;
  visit.traces.push({
    time: visit.world.now.wall,
    ...rest,
    checks: [...checks],
    ...(detail === undefined ? {} : { detail }),
  });
}

export function setTrigger(visit: Visit, index: number, next: WatchState | TimeState): void {
  visit.state = { ...visit.state, triggers: { ...visit.state.triggers, [index]: next } };
}
