import type { Instant, Ms } from "@tram/protocol";
import { dueAt, wallDueAt } from "../due.ts";
import type { CompiledTrigger, TimeTrigger, WatchTrigger } from "../program.ts";
import type { TriggerState } from "../rule-state.ts";
import type { Locals } from "../scope.ts";
import { concerns } from "../source.ts";
import type { Firing, Visit } from "../visit.ts";
import { onSignal } from "./signal-trigger.ts";
import type { Slot } from "./slot.ts";
import { onClock } from "./time-trigger.ts";
import { beginWatch, onWatch } from "./watch-trigger.ts";

/** Where a list of triggers keeps its states, and what happens when one fires. */
export interface TriggerHome {
  readonly locals: Locals;
  state(key: string): TriggerState | undefined;
  keep(key: string, next: TriggerState): void;
  fire(firing: Firing): void;
}

/** Lets triggers meet the event of the visit, in the order they are written. */
export function lookAtTriggers(visit: Visit, triggers: readonly CompiledTrigger[], home: TriggerHome): void {
  const { event, rule } = visit;
  const replan = event.kind === "start" || event.kind === "clock";
  for (const trigger of triggers) {
    if (trigger.kind === "signal") onSignal(slotOf(visit, trigger, home));
    else if (trigger.kind === "watch") {
      if (mayMove(visit, trigger, home.state(trigger.key))) onWatch(slotOf(visit, trigger, home));
    } else {
      const { onMissed = "skip", whenUntrusted = "hold" } = rule ?? {};
      onClock(slotOf(visit, trigger, home), { replan, onMissed, whenUntrusted });
    }
  }
}

/** Whether an event can mean anything to a trigger: most triggers of a rule are not what its readings are about. */
function mayMove({ event }: Visit, { source }: WatchTrigger, state: TriggerState | undefined): boolean {
  if (source === undefined) return false;
  return state === undefined || !("on" in state) || state.pending !== undefined || concerns(source, event);
}

/** Takes what is known now for the base line of triggers that have none. */
export function beginTriggers(visit: Visit, triggers: readonly CompiledTrigger[], home: TriggerHome): void {
  for (const trigger of triggers) {
    if (trigger.kind === "watch") beginWatch(slotOf(visit, trigger, home));
    if (trigger.kind === "time") {
      const { whenUntrusted = "hold" } = visit.rule ?? {};
      onClock(slotOf(visit, trigger, home), { replan: true, onMissed: "skip", whenUntrusted });
    }
  }
}

function slotOf<Trigger extends WatchTrigger | TimeTrigger | CompiledTrigger>(
  visit: Visit,
  trigger: Trigger,
  home: TriggerHome,
): Slot<Trigger> {
  return new HomeSlot(visit, trigger, home);
}

class HomeSlot<Trigger extends CompiledTrigger> implements Slot<Trigger> {
  readonly visit: Visit;
  readonly trigger: Trigger;
  readonly #home: TriggerHome;

  constructor(visit: Visit, trigger: Trigger, home: TriggerHome) {
    this.visit = visit;
    this.trigger = trigger;
    this.#home = home;
  }

  get locals(): Locals {
    return this.#home.locals;
  }

  state(): TriggerState | undefined {
    return this.#home.state(this.trigger.key);
  }

  keep(next: TriggerState): void {
    this.#home.keep(this.trigger.key, next);
  }

  fire(firing: Firing): void {
    this.#home.fire(firing);
  }
}

/** When a trigger must be looked at though nothing happened, on the monotonic clock. */
export function triggerWakeAt(state: TriggerState, now: Instant): Ms | undefined {
  if ("on" in state) {
    return state.pending === undefined || state.pending.held === true ? undefined : dueAt(state.pending, now);
  }
  return state.planned === undefined || state.held === true ? undefined : wallDueAt(state.planned, now);
}
