import type { EpochMs, Ms, TraceCheck } from "@tram/protocol";
import { evaluateConditions } from "../conditions.ts";
import type { Look, World } from "../events.ts";
import { pauseReason } from "../guard/pause.ts";
import type { CompiledCondition, CompiledRule, Program } from "../program.ts";
import type { RuleState, RunState } from "../rule-state.ts";
import { blockOf } from "../run/runs.ts";
import { isEnabled } from "../run/switched.ts";
import { NO_LOCALS } from "../scope.ts";
import { MAX_OPERATIONS, type RulesView, type Visit } from "../visit.ts";
import { describeBlock, leftMs } from "./explain-run.ts";
import { type ExplainedTrigger, explainTrigger } from "./explain-trigger.ts";
import { writeTime } from "./write-time.ts";

/** How a rule is: what keeps each part of it from doing something. */
export interface Explanation {
  readonly enabled: boolean;
  /** It was switched against what its file says. */
  readonly switched: boolean;
  readonly paused?: { readonly reason: string; readonly leftMs: Ms };
  readonly triggers: readonly ExplainedTrigger[];
  /** As they are now, whether or not a trigger fires. */
  readonly conditions: readonly TraceCheck[];
  readonly conditionsHold: boolean;
  readonly runs: readonly {
    readonly id: string;
    readonly trigger: string;
    readonly since: EpochMs;
    readonly doing: string;
  }[];
  /** What cannot be told. */
  readonly unknown: readonly string[];
  /** A time as the clock on the wall shows it. */
  readonly writeTime: (at: EpochMs) => string;
}

export interface ExplainRequest {
  readonly rule: CompiledRule;
  readonly state: RuleState;
  readonly looks: ReadonlyMap<string, Look>;
  readonly program: Program;
  readonly world: World;
  readonly rules: RulesView;
}

/** Looks at a rule without letting anything happen. */
export function explainRule({ looks, program, rule, rules, state, world }: ExplainRequest): Explanation {
  const visit: Visit = {
    id: rule.id,
    rule,
    event: { kind: "wakeup" },
    world,
    calendar: program.calendar,
    program,
    rules,
    state,
    effects: [],
    traces: [],
    errands: [],
    looks: new Map(),
    budget: { left: MAX_OPERATIONS },
  };
  const { checks, passed } = evaluateConditions(visit, rule.conditions, NO_LOCALS);
  const reason = pauseReason(visit);
  const { paused } = state;
  return {
    enabled: isEnabled(rule, state),
    switched: isEnabled(rule, state) !== rule.enabled,
    ...(reason === undefined || paused === undefined
      ? {}
      : { paused: { reason, leftMs: leftMs(paused, world.now) } }),
    triggers: rule.triggers.map((trigger) => explainTrigger(visit, trigger, looks.get(trigger.key))),
    conditions: checks,
    conditionsHold: passed,
    runs: state.runs.map((run) => explainRun(visit, run)),
    unknown: asksWhatFired(rule.conditions)
      ? ["Conditions that ask what fired are told as if nothing had."]
      : [],
    writeTime: (at) => writeTime(visit, at),
  };
}

function explainRun(visit: Visit, { block, id, trigger, version }: RunState): Explanation["runs"][number] {
  const doing =
    block === undefined ? "queued" : describeBlock(blockOf(visit, version), block, visit.world.now);
  return { id, trigger: trigger.id, since: trigger.time, doing };
}

function asksWhatFired(conditions: readonly CompiledCondition[]): boolean {
  return conditions.some((condition) =>
    "inner" in condition
      ? asksWhatFired(condition.inner)
      : condition.kind === "trigger" ||
        (condition.kind === "expression" && /\btrigger\b/.test(condition.what)),
  );
}
