import { type Cause, formatDuration, type Json, type RuleId } from "@tram/protocol";
import { isDue } from "../due.ts";
import type { Observation, RuleEvent } from "../events.ts";
import { CALM_MS } from "../guard/loop.ts";
import type { Source, WatchTrigger } from "../program.ts";
import { type Pending, saveCause, saveChain, saveInstant, type WatchState } from "../rule-state.ts";
import { concerns, observe } from "../source.ts";
import { matches, mismatch, partOf, sameValue } from "../value-test.ts";
import { look, trace } from "../visit.ts";
import type { Slot } from "./slot.ts";

/** A watch trigger that knows its source. */
type Watch = Slot<WatchTrigger & { readonly source: Source }>;

function knowsSource(slot: Slot<WatchTrigger>): slot is Watch {
  return slot.trigger.source !== undefined;
}

const FIRED = "fired";
const NOT_TRUE = "not true";
const STILL_TRUE = "was true before: it fires when that begins";
const WAITS = "waits for its time to pass";

interface Reason {
  readonly cause?: Cause | undefined;
  readonly chain?: readonly RuleId[] | undefined;
}

/** A watch trigger meets the event of the visit. */
export function onWatch(watch: Slot<WatchTrigger>): void {
  if (!knowsSource(watch)) return;
  adopt(watch);
  const { trigger, visit } = watch;
  const { event } = visit;
  if (!concerns(trigger.source, event) || (trigger.momentary && isRepeated(event))) {
    onTime(watch);
    return;
  }
  const { chain, known, cause } = news(watch);
  if (known.quality === "good" && known.value !== null) onGoodValue(watch, known.value, { cause, chain });
  else {
    const verdict = known.problem ?? `the value is ${known.value === null ? "not known" : known.quality}`;
    look(visit, trigger, { seen: known.value, verdict });
    onTime(watch);
  }
}

/** Whether an event tells nothing that happened. */
function isRepeated(event: RuleEvent): boolean {
  return event.kind === "start" || (event.kind === "reading" && event.again === true);
}

/** What the event says of the source. At a start it is normally no news; it is, when a good value came meanwhile. */
function news({ locals, trigger: { source }, visit }: Watch): Reason & { readonly known: Observation } {
  const { event } = visit;
  if (event.kind !== "reading") return { known: observe(visit, source, locals) };
  const { cause, quality, value } = event.reading;
  const { chain } = event;
  if (source.on !== "property") return { known: observe(visit, source, locals), cause, chain };
  return { known: { quality, value: partOf(value, source.attribute) }, cause, chain };
}

/** Takes what is known now for the base line, without looking at the event of the visit. */
export function beginWatch(slot: Slot<WatchTrigger>): void {
  if (knowsSource(slot)) adopt(slot);
}

/** Begins anew where nothing was watched yet, or something else. */
function adopt(watch: Watch): void {
  const own = watch.state();
  if (own === undefined || !("on" in own) || own.on !== watch.trigger.on) watch.keep(initialWatch(watch));
}

/**
 * What a trigger starts from that has never been looked at: a value that is known already, whatever its quality, is
 * the base line and does not fire. Where nothing is known the trigger counts as false, so the first good value that
 * matches fires; one that fires on any change takes that first value as its base line.
 */
function initialWatch(watch: Watch): WatchState {
  const { locals, trigger, visit } = watch;
  const { on, source } = trigger;
  if (trigger.momentary) return { on, truth: false };
  const { value } = observe(visit, source, locals);
  if (value === null) return { on, truth: false };
  return {
    on,
    truth: isLevel(trigger) && matches(trigger.test, value),
    ...(trigger.keepsLast ? { last: value } : {}),
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
function onGoodValue(watch: Watch, value: Json, reason: Reason): void {
  const { trigger, visit } = watch;
  const before = watchState(watch);
  const matched = matches(trigger.test, value, before.truth);
  if (before.pending === undefined && matched === before.truth && isLevel(trigger) && !trigger.keepsLast) {
    // By far the most readings: true as before, or not true as before.
    look(visit, trigger, { seen: value, verdict: matched ? STILL_TRUE : NOT_TRUE });
    return;
  }
  const cameFrom = trigger.from === undefined || trigger.from.some((one) => sameValue(before.last, one));
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
    save(watch, before, after);
    look(visit, trigger, { seen: value, verdict: over ? FIRED : WAITS, traced: over });
    if (over) fire(watch, reasonOf(pending), value, before.last);
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
      ...saveCause(reason.cause),
      ...saveChain(reason.chain),
    };
    const detail = `for ${formatDuration(trigger.forMs)}`;
    trace(visit, { trigger: trigger.label, outcome: "waiting", seen: value, detail });
  }
  save(watch, before, after);
  if (occurs && !waits) fire(watch, reason, value, before.last);
  const verdict = verdictOf(watch, { occurs, waits, matched, cameFrom, before });
  look(visit, trigger, { seen: value, verdict, traced: occurs || pending !== undefined });
}

/**
 * No good value came, but time passed: a `for` that is over fires if the last known value is good, and is held until
 * the next good one if not.
 */
function onTime(watch: Watch): void {
  const { pending } = watchState(watch);
  const { locals, trigger, visit } = watch;
  const { source } = trigger;
  if (pending === undefined || pending.held === true || !isDue(pending, visit.world.now)) return;
  if (trigger.momentary) {
    fireOccurrence(watch, pending);
    return;
  }
  const known = observe(visit, source, locals);
  if (known.quality === "good" && known.value !== null) {
    onGoodValue(watch, known.value, {});
    return;
  }
  watch.keep({ ...watchState(watch), pending: { ...pending, held: true } });
  const state = known.value === null ? "not known" : known.quality;
  const detail = `over, but the value is ${state}: waits for a good one`;
  trace(visit, { trigger: trigger.label, outcome: "held", seen: known.value, detail });
}

function watchState(watch: Watch): WatchState {
  const saved = watch.state();
  return saved !== undefined && "on" in saved ? saved : initialWatch(watch);
}

function fire(watch: Watch, { cause, chain }: Reason, value: Json, previous: Json | undefined): void {
  const { trigger } = watch;
  const { source } = trigger;
  watch.fire({
    trigger: trigger.label,
    kind: trigger.test.kind === "range" ? "numeric" : source.on === "property" ? "state" : source.on,
    seen: value,
    ...(previous === undefined ? {} : { previous }),
    ...(source.on === "property" ? { thing: source.target.thing, property: source.target.property } : {}),
    ...(source.on === "availability" ? { thing: source.thing } : {}),
    cause,
    chain,
    mode: trigger.mode,
  });
}

/** Who led to it, unless it has waited for so long that it does not matter. */
function reasonOf({ cause, chain, durationMs }: Pending): Reason {
  return durationMs >= CALM_MS ? {} : { cause, chain };
}

/** An occurrence has no quality that could be lost, and nothing to read again. */
function fireOccurrence(watch: Watch, pending: Pending): void {
  const { cause, chain } = reasonOf(pending);
  const { pending: _over, ...after } = watchState(watch);
  const { mode, label } = watch.trigger;
  watch.keep(after);
  watch.fire({ trigger: label, kind: "state", cause, chain, mode });
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

interface Judged {
  readonly occurs: boolean;
  readonly waits: boolean;
  readonly matched: boolean;
  readonly cameFrom: boolean;
  readonly before: WatchState;
}

/** Why it fired, or did not. */
function verdictOf({ trigger }: Watch, { before, cameFrom, matched, occurs, waits }: Judged): string {
  if (occurs) return waits ? WAITS : FIRED;
  if (!isLevel(trigger) && !trigger.momentary) {
    return before.last === undefined ? "the first value" : cameFrom ? "no change" : "came from another value";
  }
  if (!matched) return NOT_TRUE;
  return cameFrom ? STILL_TRUE : "came from another value";
}

function save(watch: Watch, before: WatchState, after: WatchState): void {
  const same =
    before.truth === after.truth &&
    before.pending === after.pending &&
    (before.last === after.last || sameValue(before.last, after.last));
  if (!same || watch.state() === undefined) watch.keep(after);
}
