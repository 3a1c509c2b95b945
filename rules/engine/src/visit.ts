import type { Cause, Json, RuleId, TraceCheck } from "@tram/protocol";
import type { Calendar } from "./calendar.ts";
import type { Control, Effect, Look, Outcome, RuleEvent, Trace, World } from "./events.ts";
import type { CompiledRule, CompiledTrigger, Program, RunMode } from "./program.ts";
import type { RuleState, TriggerState } from "./rule-state.ts";

/**
 * Operations that one run may do at one go: actions, rounds, and what its expressions cost. One that wants more has gone
 * wrong.
 */
export const MAX_OPERATIONS = 10_000;
/** The same for all runs and triggers of a rule, in one visit. */
export const MAX_VISIT_OPERATIONS = 100_000;

/** What a visit asks of other rules; done in the same step, after it. */
export type Errand =
  | {
      readonly kind: "control";
      readonly rules: readonly RuleId[];
      readonly group?: string;
      readonly control: Control;
    }
  | { readonly kind: "outcome"; readonly rule: RuleId; readonly effect: string; readonly outcome: Outcome };

/** What a visit may ask about the other rules. */
export interface RulesView {
  /** `undefined` of a rule that is not there. */
  status(id: RuleId): { readonly enabled: boolean; readonly running: boolean } | undefined;
}

/** The scratch pad of one visit to one rule. `state` is replaced, never changed in place. */
export interface Visit {
  readonly id: RuleId;
  /** Absent of a rule that is broken now: it watches nothing, but its runs finish. */
  readonly rule: CompiledRule | undefined;
  readonly event: RuleEvent;
  readonly world: World;
  readonly calendar: Calendar;
  readonly program: Program;
  readonly rules: RulesView;
  state: RuleState;
  readonly effects: Effect[];
  readonly traces: Trace[];
  readonly errands: Errand[];
  readonly looks: Map<string, Look>;
  /** What is left of its operations; expressions count theirs here, too. */
  readonly budget: { left: number };
}

export interface TraceDetails {
  readonly trigger: string;
  readonly outcome: Trace["outcome"];
  readonly seen?: unknown;
  readonly detail?: string | undefined;
  readonly checks?: readonly TraceCheck[];
  readonly runId?: string;
  readonly effect?: string;
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

/** Notes what a trigger was seen to do. */
export function look(
  visit: Visit,
  { key, label }: CompiledTrigger,
  { seen, traced, verdict }: Pick<Look, "seen" | "traced" | "verdict">,
): void {
  visit.looks.set(key, {
    time: visit.world.now.wall,
    trigger: label,
    ...(seen === undefined ? {} : { seen }),
    verdict,
    ...(traced === true ? { traced } : {}),
  });
}

export function setTrigger(visit: Visit, key: string, next: TriggerState): void {
  visit.state = { ...visit.state, triggers: { ...visit.state.triggers, [key]: next } };
}

/** What made a trigger fire. */
export interface Firing {
  readonly trigger: string;
  /** Kind of the trigger, for expressions: `state`, `time` … */
  readonly kind: string;
  readonly seen?: Json;
  readonly previous?: Json;
  readonly thing?: string;
  readonly property?: string;
  readonly data?: Json;
  readonly detail?: string;
  readonly cause?: Cause | undefined;
  readonly chain?: readonly RuleId[] | undefined;
  readonly mode?: RunMode | undefined;
}
