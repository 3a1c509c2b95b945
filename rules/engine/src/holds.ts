import type { Hold } from "./program.ts";
import { type SavedInstant, saveInstant } from "./rule-state.ts";
import { NO_LOCALS } from "./scope.ts";
import { concerns, observe } from "./source.ts";
import { matches } from "./value-test.ts";
import type { Visit } from "./visit.ts";

/**
 * Remembers since when what conditions with a `for` ask about has held. A value that is lost for a while changes
 * nothing: what counts is the next good one.
 */
export function watchHolds(visit: Visit, holds: readonly Hold[]): void {
  if (holds.length === 0 && visit.state.holds === undefined) return;
  const before = visit.state.holds ?? {};
  let next: Record<string, SavedInstant> = before;
  for (const { key, source, test } of holds) {
    if (source === undefined || (!concerns(source, visit.event) && visit.event.kind !== "start")) continue;
    const known = observe(visit, source, NO_LOCALS);
    if (known.quality !== "good" || known.value === null) continue;
    const matched = matches(test, known.value);
    if (matched === Object.hasOwn(next, key)) continue;
    const { [key]: _ended, ...others } = next;
    // Since when a value is what it is may be known better than since when the rule looks.
    next = matched ? { ...others, [key]: saveInstant(known.since ?? visit.world.now) } : others;
  }
  if (visit.event.kind === "start") next = only(next, holds);
  if (next !== before) visit.state = { ...visit.state, holds: next };
}

/** What the present conditions ask about; the rest is of former ones. */
function only(holds: Record<string, SavedInstant>, wanted: readonly Hold[]): Record<string, SavedInstant> {
  const keys = Object.keys(holds);
  const kept = keys.filter((key) => wanted.some((hold) => hold.key === key));
  if (kept.length === keys.length) return holds;
  return Object.fromEntries(kept.flatMap((key) => (holds[key] === undefined ? [] : [[key, holds[key]]])));
}
