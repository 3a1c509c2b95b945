import { type EpochMs, formatDuration, type Ms } from "@tram/protocol";
import { isWallDue } from "../due.ts";
import type { OnMissed, TimeTrigger, WhenUntrusted } from "../program.ts";
import type { TimeState } from "../rule-state.ts";
import { trace } from "../visit.ts";
import type { Slot } from "./slot.ts";

/** A time that passed longer ago, in a power cut or a step of the clock, is missed. */
const MAX_LATE_MS: Ms = 60_000;
/** How many moments of firing are remembered against a clock that steps back. */
const REMEMBERED = 8;

export interface TimePolicy {
  /** Plan anew even if the planned moment is still to come: the clock stepped, or the time zone changed. */
  readonly replan: boolean;
  readonly onMissed: OnMissed;
  readonly whenUntrusted: WhenUntrusted;
}

/**
 * Looks at the wall clock. A planned moment that has come fires when it came at most 60 s ago, and is missed
 * otherwise: skipped and traced. While the clock is untrusted everything is held; when it is trusted again the plan
 * made before is judged by the right time.
 */
export function onClock(slot: Slot<TimeTrigger>, { replan }: TimePolicy): void {
  const { trigger, visit } = slot;
  const { now } = visit.world;
  const saved = slot.state();
  const text = trigger.schedule.text;
  const state: TimeState = saved !== undefined && "at" in saved ? saved : { at: text, fired: [] };
  if (now.trust === "untrusted") {
    if (state.held === true) return;
    slot.keep({ ...state, held: true });
    trace(visit, { trigger: trigger.label, outcome: "held", detail: "the clock is not trusted" });
    return;
  }
  const { planned } = state;
  if (planned === undefined || !isWallDue(planned, now)) {
    if (planned !== undefined && !replan && state.held !== true) return;
    const next = nextOccurrence(trigger, { after: now.wall, fired: state.fired });
    if (saved === undefined || state.held === true || next !== planned) {
      slot.keep(timeState(text, state.fired, next));
    }
    return;
  }
  const lateMs = now.wall - planned;
  if (lateMs > MAX_LATE_MS) {
    const next = nextOccurrence(trigger, { after: now.wall, fired: state.fired });
    slot.keep(timeState(text, state.fired, next));
    const detail = `missed ${text} by ${formatDuration(lateMs)}`;
    trace(visit, { trigger: trigger.label, outcome: "cancelled", detail });
    return;
  }
  const fired = [...state.fired, String(planned)].slice(-REMEMBERED);
  const next = nextOccurrence(trigger, { after: now.wall, fired });
  slot.keep(timeState(text, fired, next));
  slot.fire({ trigger: trigger.label, kind: "time", seen: text, mode: trigger.mode });
}

interface Search {
  readonly after: EpochMs;
  /** Moments that had theirs. */
  readonly fired: readonly string[];
}

function nextOccurrence({ schedule }: TimeTrigger, { after, fired }: Search): EpochMs | undefined {
  let at = schedule.next(after);
  while (at !== undefined && fired.includes(String(at))) at = schedule.next(at);
  return at;
}

function timeState(at: string, fired: readonly string[], planned: EpochMs | undefined): TimeState {
  return { at, fired: [...fired], ...(planned === undefined ? {} : { planned }) };
}
