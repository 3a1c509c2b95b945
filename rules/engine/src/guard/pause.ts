import { formatDuration, type Ms } from "@tram/protocol";
import { heldMs, isDue } from "../due.ts";
import { saveInstant } from "../rule-state.ts";
import { trace, type Visit } from "../visit.ts";

/** The first pause of a rule that ran away; each further one is twice as long, up to the longest. */
const FIRST_PAUSE_MS: Ms = 60_000;
const LONGEST_PAUSE_MS: Ms = 3_600_000;
/** A rule that behaved for this long after a pause begins with the short one again. */
const CALM_MS: Ms = 6 * 3_600_000;

/**
 * Stops a rule that ran away, for a while: its triggers are looked at, but nothing fires. It goes on by itself: a leak
 * sensor that flapped in the night must not leave the water open in the morning.
 */
export function pause(visit: Visit, reason: string, trigger: string): void {
  const { paused } = visit.state;
  const { now } = visit.world;
  if (paused !== undefined && !isDue(paused, now)) return;
  const calm = paused === undefined || heldMs(paused.since, now) > paused.durationMs + CALM_MS;
  const times = calm ? 1 : paused.times + 1;
  const durationMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times - 1, 10));
  visit.state = { ...visit.state, paused: { since: saveInstant(now), durationMs, reason, times } };
  const text = `paused for ${formatDuration(durationMs)}: ${reason}`;
  trace(visit, { trigger, outcome: "paused", detail: text });
  const id = `${visit.id}-${visit.state.counter}.pause${times}`;
  visit.effects.push({
    kind: "notify",
    id,
    rule: visit.id,
    awaited: false,
    chain: [visit.id],
    level: "warning",
    text: `Rule ${visit.id} is ${text}`,
    to: [],
    retry: false,
  });
}

/** Why the rule may not fire now; `undefined` when it may. */
export function pauseReason({ state, world }: Visit): string | undefined {
  const { paused } = state;
  return paused === undefined || isDue(paused, world.now) ? undefined : paused.reason;
}

/** Ends a pause before its time. */
export function resume(visit: Visit, by: string): void {
  if (pauseReason(visit) === undefined) return;
  const { paused: _over, ...state } = visit.state;
  visit.state = state;
  trace(visit, { trigger: "", outcome: "resumed", detail: `by ${by}` });
}
