import type { RuleId } from "@tram/protocol";
import type { Effect, StepResult, Trace } from "./events.ts";
import type { ConflictWatch } from "./guard/conflict.ts";
import type { RuleState } from "./rule-state.ts";
import type { VisitResult } from "./rule-visit.ts";

/** Gathers what the visits of one step brought. */
export class Collected {
  readonly changed = new Map<RuleId, RuleState | undefined>();
  readonly effects: Effect[] = [];
  readonly traces: StepResult["traces"][number][] = [];
  readonly looks: StepResult["looks"][number][] = [];

  add(id: RuleId, before: RuleState | undefined, result: VisitResult): void {
    if (result.state !== before) this.changed.set(id, result.state);
    for (const effect of result.effects) this.effects.push(effect);
    this.trace(id, result.traces);
    if (result.looks.size > 0) this.looks.push({ rule: id, looks: result.looks });
  }

  trace(id: RuleId, traces: readonly Trace[]): void {
    for (const trace of traces) this.traces.push({ rule: id, trace });
  }

  /** Tells rules that fight over an actuator. */
  noteConflicts(watch: ConflictWatch, now: { readonly monotonic: number; readonly wall: number }): void {
    for (const effect of this.effects) this.traces.push(...watch.note(effect, now));
  }

  result(nextWakeup: StepResult["nextWakeup"]): StepResult {
    const { changed, effects, looks, traces } = this;
    return { changed, effects, traces, looks, nextWakeup };
  }
}
