import type { CompiledTrigger } from "../program.ts";
import type { TriggerState } from "../rule-state.ts";
import type { Locals } from "../scope.ts";
import type { Firing, Visit } from "../visit.ts";

/**
 * A trigger at its place: of a rule, where it begins runs, or of an action that waits for it. It knows where its state
 * is kept and what happens when it fires.
 */
export interface Slot<Trigger extends CompiledTrigger = CompiledTrigger> {
  readonly visit: Visit;
  readonly trigger: Trigger;
  /** What expressions in it can name. */
  readonly locals: Locals;
  state(): TriggerState | undefined;
  keep(next: TriggerState): void;
  fire(firing: Firing): void;
}
