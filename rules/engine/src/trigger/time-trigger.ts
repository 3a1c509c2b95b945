import type { TimeTrigger } from "../program.ts";
import { look, trace } from "../visit.ts";
import { type ClockPolicy, lookAtClock } from "./plan.ts";
import type { Slot } from "./slot.ts";

export interface TimePolicy extends ClockPolicy {
  /** Look again where the present lies: the gateway started, the clock was set, or its trust is another. */
  readonly replan: boolean;
}

/** Looks at the wall clock, and does what the schedule and the rule's policy make of it: see `lookAtClock`. */
export function onClock(slot: Slot<TimeTrigger>, policy: TimePolicy): void {
  const { trigger, visit } = slot;
  const { label, mode, schedule } = trigger;
  const saved = slot.state();
  const own = saved !== undefined && "at" in saved ? saved : undefined;
  const { state, verdict } = lookAtClock(own, { ...policy, schedule, now: visit.world.now });
  if (state !== saved) slot.keep(state);
  if (verdict === undefined) return;
  const { detail, outcome } = verdict;
  look(visit, trigger, { verdict: outcome === "fire" ? "fired" : (detail ?? outcome), traced: true });
  if (outcome === "fire") {
    slot.fire({
      trigger: label,
      kind: "time",
      seen: schedule.text,
      mode,
      ...(detail === undefined ? {} : { detail }),
    });
  } else {
    trace(visit, { trigger: label, outcome: outcome === "held" ? "held" : "cancelled", detail });
  }
}
