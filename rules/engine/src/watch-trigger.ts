import { type Cause, formatDuration, type Json } from "@tram/protocol";
import { isDue } from "./due.ts";
import type { World } from "./events.ts";
import { type CompiledRule, type WatchTrigger, watchKey } from "./program.ts";
import type { PropertyTarget } from "./reference.ts";
import { type Pending, saveCause, saveInstant, type WatchState } from "./rule-state.ts";
import { fire } from "./runs.ts";
import { matches, mismatch, sameValue } from "./value-test.ts";
import { setTrigger, trace, type Visit } from "./visit.ts";

/** A watch trigger that knows its property, with its place in the rule. */
export interface Watch {
  readonly index: number;
  readonly rule: CompiledRule;
  readonly trigger: WatchTrigger;
  readonly target: PropertyTarget;
}

/**
 * What a trigger starts from that has never been looked at: a value that is known already, whatever its quality, is
 * the base line and does not fire. Where nothing is known the trigger counts as false, so the first good value that
 * matches fires; one that fires on any change takes that first value as its base line.
 */
export function initialWatch({ target, trigger }: Watch, world: World): WatchState {
  const on = watchKey(target.thing, target.property);
  const known = trigger.momentary ? undefined : world.read(target.thing, target.property);
  if (known === undefined || known.value === null) return { on, truth: false };
  return {
    on,
    truth: isLevel(trigger) && matches(trigger.test, known.value),
    ...(trigger.keepsLast ? { last: known.value } : {}),
  };
}

/**
 * A good value was seen.
 * - With a range or `to`: fires on the edge from not matching to matching. `from` asks besides that the last good
 *   value equalled it; an edge from another value is spent.
 * - Without: fires on each change from one good value to another.
 * - On a momentary property: fires on each matching value.
 * With `for`, "fires" means that the wait begins; a value that does not match any more (or, on any change, another
 * change) ends it.
 */
export function onGoodValue(visit: Visit, watch: Watch, value: Json, cause?: Cause): void {
  const { trigger } = watch;
  const before = watchState(visit, watch);
  const matched = matches(trigger.test, value);
  const cameFrom = trigger.from === undefined || sameValue(before.last, trigger.from);
  const { occurs, stillTrue } = judge(trigger, before, { value, matched, cameFrom });

  const after: WatchState = {
    ...before,
    truth: isLevel(trigger) && matched,
    ...(trigger.keepsLast ? { last: value } : {}),
  };
  const { pending } = before;
  if (pending !== undefined && stillTrue) {
    // Once held it was over; a boot with an untrusted clock may not know that any more.
    const over = pending.held === true || isDue(pending, visit.world.now);
    if (over) delete after.pending;
    save(visit, watch, before, after);
    if (over) fire(visit, watch.rule, { trigger: trigger.label, seen: value, cause: pending.cause });
    return;
  }
  if (pending !== undefined) {
    delete after.pending;
    const detail = mismatch(trigger.test, value) ?? "not true any more";
    trace(visit, { trigger: trigger.label, outcome: "cancelled", seen: value, detail });
  }
  const waits = occurs && trigger.forMs > 0;
  if (waits) {
    after.pending = {
      since: saveInstant(visit.world.now),
      durationMs: trigger.forMs,
      ...saveCause(cause),
    };
    const detail = `for ${formatDuration(trigger.forMs)}`;
    trace(visit, { trigger: trigger.label, outcome: "waiting", seen: value, detail });
  }
  save(visit, watch, before, after);
  if (occurs && !waits) fire(visit, watch.rule, { trigger: trigger.label, seen: value, cause });
}

/**
 * No good value came, but time passed: a `for` that is over fires if the last known value is good, and is held until
 * the next good one if not.
 */
export function onTime(visit: Visit, watch: Watch): void {
  const { pending } = watchState(visit, watch);
  if (pending === undefined || pending.held === true || !isDue(pending, visit.world.now)) return;
  const { target, trigger } = watch;
  const known = visit.world.read(target.thing, target.property);
  if (trigger.momentary) {
    fireOccurrence(visit, watch, pending);
  } else if (known !== undefined && known.quality === "good" && known.value !== null) {
    onGoodValue(visit, watch, known.value);
  } else {
    setTrigger(visit, watch.index, { ...watchState(visit, watch), pending: { ...pending, held: true } });
    const detail = `over, but the value is ${known?.quality ?? "not known"}: waits for a good one`;
    trace(visit, { trigger: trigger.label, outcome: "held", seen: known?.value ?? null, detail });
  }
}

function watchState(visit: Visit, watch: Watch): WatchState {
  const saved = visit.state.triggers[watch.index];
  return saved !== undefined && "on" in saved ? saved : initialWatch(watch, visit.world);
}

/** An occurrence has no quality that could be lost, and nothing to read again. */
function fireOccurrence(visit: Visit, watch: Watch, pending: Pending): void {
  const { pending: _over, ...after } = watchState(visit, watch);
  setTrigger(visit, watch.index, after);
  fire(visit, watch.rule, { trigger: watch.trigger.label, cause: pending.cause });
}

interface Sighting {
  readonly value: Json;
  readonly matched: boolean;
  readonly cameFrom: boolean;
}

function judge(
  trigger: WatchTrigger,
  before: WatchState,
  { value, matched, cameFrom }: Sighting,
): { occurs: boolean; stillTrue: boolean } {
  if (trigger.momentary) return { occurs: matched && cameFrom, stillTrue: matched && cameFrom };
  if (isLevel(trigger)) return { occurs: matched && !before.truth && cameFrom, stillTrue: matched };
  const changed = before.last !== undefined && !sameValue(before.last, value);
  return { occurs: changed && cameFrom, stillTrue: !changed };
}

/** True of a trigger that is true or false for a while, and fires when it becomes true. */
function isLevel(trigger: WatchTrigger): boolean {
  return !trigger.momentary && trigger.test.kind !== "any";
}

function save(visit: Visit, watch: Watch, before: WatchState, after: WatchState): void {
  const same =
    before.truth === after.truth &&
    before.pending === after.pending &&
    (before.last === after.last || sameValue(before.last, after.last));
  if (!same || visit.state.triggers[watch.index] === undefined) setTrigger(visit, watch.index, after);
}
