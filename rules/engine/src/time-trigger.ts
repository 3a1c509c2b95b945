import { type EpochMs, formatDuration, type Ms } from "@tram/protocol";
import type { Calendar } from "./calendar.ts";
import { isWallDue } from "./due.ts";
import type { CompiledRule, TimeTrigger } from "./program.ts";
import type { TimeState } from "./rule-state.ts";
import { fire } from "./runs.ts";
import { setTrigger, trace, type Visit } from "./visit.ts";

/** A time that passed longer ago, in a power cut or a step of the clock, is missed. */
const MAX_LATE_MS: Ms = 60_000;
/** How many local dates of firing are remembered against a clock that steps back. */
const REMEMBERED_DATES = 8;

export interface Schedule {
  readonly index: number;
  readonly rule: CompiledRule;
  readonly trigger: TimeTrigger;
}

/**
 * Looks at the wall clock. A planned moment that has come fires when it came at most 60 s ago, and is missed
 * otherwise: skipped and traced. While the clock is untrusted everything is held; when it is trusted again the plan
 * made before is judged by the right time.
 * @param replan plan anew even if the planned moment is still to come: the clock stepped, or the time zone changed.
 */
export function onClock(visit: Visit, schedule: Schedule, replan: boolean): void {
  const { index, trigger } = schedule;
  const { now } = visit.world;
  const saved = visit.state.triggers[index];
  const state: TimeState = saved !== undefined && "at" in saved ? saved : { at: trigger.time, fired: [] };
  if (now.trust === "untrusted") {
    if (state.held === true) return;
    setTrigger(visit, index, { ...state, held: true });
    trace(visit, { trigger: trigger.label, outcome: "held", detail: "the clock is not trusted" });
    return;
  }
  const { planned } = state;
  if (planned === undefined || !isWallDue(planned, now)) {
    if (planned !== undefined && !replan && state.held !== true) return;
    const next = nextOccurrence(visit.calendar, trigger, { after: now.wall, fired: state.fired });
    if (saved === undefined || state.held === true || next !== planned) {
      setTrigger(visit, index, timeState(trigger, state.fired, next));
    }
    return;
  }
  const lateMs = now.wall - planned;
  if (lateMs > MAX_LATE_MS) {
    const next = nextOccurrence(visit.calendar, trigger, { after: now.wall, fired: state.fired });
    setTrigger(visit, index, timeState(trigger, state.fired, next));
    const detail = `missed ${trigger.time} by ${formatDuration(lateMs)}`;
    trace(visit, { trigger: trigger.label, outcome: "cancelled", detail });
    return;
  }
  const fired = [...state.fired, visit.calendar.local(planned).date].slice(-REMEMBERED_DATES);
  const next = nextOccurrence(visit.calendar, trigger, { after: now.wall, fired });
  setTrigger(visit, index, timeState(trigger, fired, next));
  fire(visit, schedule.rule, { trigger: trigger.label, seen: trigger.time });
}

interface Search {
  readonly after: EpochMs;
  /** Local dates that had theirs. */
  readonly fired: readonly string[];
}

function nextOccurrence(
  calendar: Calendar,
  trigger: TimeTrigger,
  { after, fired }: Search,
): EpochMs | undefined {
  let at = calendar.next(trigger.secondOfDay, after);
  while (at !== undefined && fired.includes(calendar.local(at).date))
    at = calendar.next(trigger.secondOfDay, at);
  return at;
}

function timeState(trigger: TimeTrigger, fired: readonly string[], planned: EpochMs | undefined): TimeState {
  return { at: trigger.time, fired: [...fired], ...(planned === undefined ? {} : { planned }) };
}
