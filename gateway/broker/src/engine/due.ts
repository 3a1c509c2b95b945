import type { Clock } from "@tram/core";
import { elapsedMs, type Instant, type Json, type Ms } from "@tram/protocol";

/** A moment to come that outlives the process: how much was left, and when that was so. */
export interface SavedDue {
  readonly leftMs: Ms;
  readonly at: Instant;
}

/** @param due by the monotonic clock. */
export function saveDue(due: Ms, clock: Clock): Json {
  const { bootId, monotonic, trust, wall } = clock.instant();
  return { leftMs: Math.max(0, due - monotonic), at: { bootId, monotonic, trust, wall } };
}

/** The same moment by the monotonic clock of now; the outage counts when it is known how long it was. */
export function restoreDue({ leftMs, at }: SavedDue, clock: Clock): Ms {
  return clock.monotonic() + leftMs - Math.max(0, elapsedMs(at, clock.instant()));
}
