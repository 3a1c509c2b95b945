import type { Ms, RuleId } from "@tram/protocol";
import type { Outcome } from "@tram/rules";

/** Who is told how each effect of a rule ended: once, or once for each receiver of a notification. */
export interface EffectTold {
  /**
   * @param effect its id, as the traces of the rule name it.
   * @param tookMs since the rule decided it; less is not known of one that a restart interrupted.
   */
  onOutcome(rule: RuleId, effect: string, outcome: Outcome, tookMs: Ms): void;
}

/** Whether an effect did what it was to do, as far as anybody knows. */
export function isFine({ state }: Outcome): boolean {
  return state === "confirmed" || state === "sent";
}
