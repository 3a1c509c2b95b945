import type { RuleId } from "@tram/protocol";
import { Collected } from "./collect.ts";
import type { RuleEvent, StepResult, World } from "./events.ts";
import { isDeleted, traceDeletion } from "./orphan.ts";
import { type Program, type Watcher, watchKey } from "./program.ts";
import type { RuleState } from "./rule-state.ts";
import { nextWake, type VisitResult, visitRule } from "./rule-visit.ts";

/**
 * The engine: what do the rules do about an event, given what they remember?
 *
 * A reading visits the rules that watch its property, and no other. `wakeup`, `start` and `clock` visit all rules, in
 * the order of the files; finding `nextWakeup` looks at all states. A `RuleRunner` spares both.
 * @returns what changed, in the order it happened. The arguments are left as they are.
 */
export function step(
  program: Program,
  state: ReadonlyMap<RuleId, RuleState>,
  event: RuleEvent,
  world: World,
): StepResult {
  const collected = new Collected();
  const visited = new Map<RuleId, VisitResult>();
  if (event.kind === "start") {
    for (const [id, saved] of state) {
      if (!isDeleted(program, id, saved)) continue;
      collected.changed.set(id, undefined);
      collected.trace(id, traceDeletion(saved, world.now));
    }
  }
  for (const { id, watched } of concerned(program, state, event)) {
    if (collected.changed.has(id)) continue;
    const before = state.get(id);
    const rule = program.rules.get(id);
    const result = visitRule({ id, rule, state: before, event, world, calendar: program.calendar, watched });
    visited.set(id, result);
    collected.add(id, before, result);
  }
  let nextWakeup: number | undefined;
  const consider = (at: number | undefined) => {
    if (at !== undefined && (nextWakeup === undefined || at < nextWakeup)) nextWakeup = at;
  };
  for (const { wakeAt } of visited.values()) consider(wakeAt);
  for (const [id, saved] of state) {
    if (visited.has(id) || collected.changed.has(id)) continue;
    consider(nextWake(saved, program.rules.get(id), world.now));
  }
  return collected.result(nextWakeup);
}

/** The rules that watch the property of a reading. */
export function watchersOf(
  program: Program,
  event: Extract<RuleEvent, { kind: "reading" }>,
): readonly Watcher[] | undefined {
  return program.watchers.get(watchKey(event.reading.thing, event.reading.property));
}

interface Concerned {
  readonly id: RuleId;
  readonly watched: readonly number[];
}

function concerned(program: Program, state: ReadonlyMap<RuleId, RuleState>, event: RuleEvent): Concerned[] {
  if (event.kind === "reading") {
    return (watchersOf(program, event) ?? []).map(({ rule, triggers }) => ({
      id: rule.id,
      watched: triggers,
    }));
  }
  const ids = new Set([...program.rules.keys(), ...state.keys()]);
  return [...ids].map((id) => ({ id, watched: [] }));
}
