import { elapsedMs, type Instant, type Ms } from "@tram/protocol";
import type { Wait } from "./rule-state.ts";

/** Sums of fractional milliseconds miss by less; without it a wait could come due only after it was woken for. */
const ROUNDING_MS: Ms = 0.001;

/**
 * When a wait ends, on the monotonic clock of the current boot. Within one boot it never moves; of a wait that began
 * before the boot it is what {@link elapsedMs} knows now, and may come nearer when the clock becomes trusted.
 */
export function dueAt(wait: Wait, now: Instant): Ms {
  if (wait.since.bootId === now.bootId) return wait.since.monotonic + wait.durationMs;
  return now.monotonic + Math.max(0, wait.durationMs - elapsedMs(wait.since, now));
}

export function isDue(wait: Wait, now: Instant): boolean {
  return dueAt(wait, now) <= now.monotonic + ROUNDING_MS;
}

/** When the wall clock will show `planned`, on the monotonic clock, if it does not step. */
export function wallDueAt(planned: number, now: Instant): Ms {
  return now.monotonic + Math.max(0, planned - now.wall);
}

export function isWallDue(planned: number, now: Instant): boolean {
  return planned - now.wall < ROUNDING_MS;
}

/** How long something has held that began at `since`, at least. */
export function heldMs(since: Instant, now: Instant): Ms {
  return elapsedMs(since, now);
}
