import type { Ms, RuleId } from "@tram/protocol";
import { Collected } from "./collect.ts";
import type { RuleEvent, StepResult, World } from "./events.ts";
import { isDeleted, traceDeletion } from "./orphan.ts";
import type { Program } from "./program.ts";
import type { RuleState } from "./rule-state.ts";
import { visitRule } from "./rule-visit.ts";
import { watchersOf } from "./step.ts";
import { WakeQueue } from "./wake-queue.ts";

/** As exact as timers are: what is due within it is not left for another wake-up. */
const ROUNDING_MS: Ms = 0.001;

/**
 * Runs a program over a stream of events and keeps its state: what `step` does, at a cost that depends only on the
 * rules that an event concerns. A reading visits those that watch its property, a wake-up those that are due. Still
 * no input, no output and no timer of its own.
 *
 * After the constructor and after `replaceProgram` the first event must be `start`.
 */
export class RuleRunner {
  #program: Program;
  readonly #states: Map<RuleId, RuleState>;
  readonly #wakes = new WakeQueue<RuleId>();
  #restored = true;

  /** @param saved states as the store kept them; a malformed one is dropped by `start`, with a trace. */
  constructor(program: Program, saved: Iterable<readonly [RuleId, RuleState]> = []) {
    this.#program = program;
    this.#states = new Map(saved);
  }

  get program(): Program {
    return this.#program;
  }

  /** When `wakeup` is wanted, on the monotonic clock of the current boot. */
  get nextWakeup(): Ms | undefined {
    return this.#wakes.earliest();
  }

  state(id: RuleId): RuleState | undefined {
    return this.#states.get(id);
  }

  /** Runs another program from now on. The states stay; `start`, which must follow, makes them fit. */
  replaceProgram(program: Program): void {
    this.#program = program;
  }

  /**
   * Lets the rules meet an event, and takes over what changed. The caller keeps `changed` and then carries out the
   * effects.
   */
  handle(event: RuleEvent, world: World): StepResult {
    const collected = new Collected();
    switch (event.kind) {
      case "reading":
        for (const { rule, triggers } of watchersOf(this.#program, event) ?? []) {
          this.#visit(rule.id, event, { world, collected, watched: triggers });
        }
        break;
      case "wakeup":
        for (const id of this.#inOrder(this.#wakes.takeDue(world.now.monotonic + ROUNDING_MS))) {
          this.#visit(id, event, { world, collected });
        }
        break;
      case "start":
        this.#wakes.clear();
        this.#forgetDeleted(world, collected);
        this.#visitAll({ ...event, restored: this.#restored }, world, collected);
        this.#restored = false;
        break;
      case "clock":
        this.#visitAll(event, world, collected);
        break;
    }
    return collected.result(this.#wakes.earliest());
  }

  #visitAll(event: RuleEvent, world: World, collected: Collected): void {
    const ids = new Set([...this.#program.rules.keys(), ...this.#states.keys()]);
    for (const id of ids) this.#visit(id, event, { world, collected });
  }

  #visit(
    id: RuleId,
    event: RuleEvent,
    { collected, watched = [], world }: { collected: Collected; watched?: readonly number[]; world: World },
  ): void {
    const { calendar, rules } = this.#program;
    const before = this.#states.get(id);
    const result = visitRule({ id, rule: rules.get(id), state: before, event, world, calendar, watched });
    collected.add(id, before, result);
    if (result.state === undefined) this.#states.delete(id);
    else this.#states.set(id, result.state);
    // A reading that changed nothing leaves the plan alone: wall-clock plans would move by fractions each time.
    if (event.kind !== "reading" || result.state !== before) this.#wakes.set(id, result.wakeAt);
  }

  #forgetDeleted(world: World, collected: Collected): void {
    for (const [id, state] of this.#states) {
      if (!isDeleted(this.#program, id, state)) continue;
      this.#states.delete(id);
      collected.changed.set(id, undefined);
      collected.trace(id, traceDeletion(state, world.now));
    }
  }

  /** Ties are broken by the order of the files, as everywhere else. */
  #inOrder(ids: readonly RuleId[]): RuleId[] {
    const order = (id: RuleId) => this.#program.rules.get(id)?.order ?? Number.MAX_SAFE_INTEGER;
    return [...ids].sort((a, b) => order(a) - order(b));
  }
}
