import type { ClockTrust, Ms, RuleId } from "@tram/protocol";
import { Collected } from "./collect.ts";
import type { Control, Look, RuleEvent, StepResult, World } from "./events.ts";
import { type Explanation, explainRule } from "./explain/explain-rule.ts";
import { ConflictWatch } from "./guard/conflict.ts";
import { interestOf } from "./interest.ts";
import { isDeleted, traceDeletion } from "./orphan.ts";
import type { Program } from "./program.ts";
import { type RuleState, stateProblem } from "./rule-state.ts";
import { failure, nextWake, visitRule } from "./rule-visit.ts";
import { isEnabled } from "./run/switched.ts";
import { matchesFilter } from "./trigger/topic-filter.ts";
import type { Errand, RulesView } from "./visit.ts";
import { WakeQueue } from "./wake-queue.ts";

/** As exact as timers are: what is due within it is not left for another wake-up. */
const ROUNDING_MS: Ms = 0.001;
/** Visits that one event may lead to, by rules that call and switch each other. */
const MAX_ERRANDS = 1_000;
/** Beyond these too, whoever waits for an answer is paused instead. */
const MOST_ANSWERED = 2 * MAX_ERRANDS;
/** Deleted rules that are remembered. */
const MAX_COUNTERS = 10_000;
const TOO_MANY = `more than ${MAX_ERRANDS} calls at one go`;

/**
 * Runs a program over a stream of events and keeps its state, at a cost that depends only on the rules that an event
 * concerns: a reading visits those that listen to its property, a wake-up those that are due. No input, no output and
 * no timer of its own: what changed and what is to be done is handed back.
 *
 * After the constructor and after `replaceProgram` the first event must be `start`.
 */
export class RuleRunner {
  #program: Program;
  readonly #states: Map<RuleId, RuleState>;
  readonly #wakes = new WakeQueue<RuleId>();
  readonly #conflicts = new ConflictWatch();
  readonly #looks = new Map<RuleId, Map<string, Look>>();
  /** What the runs of older versions listen to, and the present rules do not. */
  readonly #older = new Map<string, Set<RuleId>>();
  readonly #view: RulesView;
  /** How many runs deleted rules had: what they sent may still be under way when one of their id comes. */
  readonly #counters = new Map<RuleId, number>();
  #trust: ClockTrust | undefined;
  #restored = true;

  /** @param saved states as the store kept them; a malformed one is dropped by `start`, with a trace. */
  constructor(program: Program, saved: Iterable<readonly [RuleId, RuleState]> = []) {
    this.#program = program;
    this.#states = new Map(saved);
    this.#view = { status: (id) => this.status(id) };
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

  get states(): ReadonlyMap<RuleId, RuleState> {
    return this.#states;
  }

  /** Whether a rule may fire, and whether a run of it is under way; `undefined` of one that is not there. */
  status(id: RuleId): { readonly enabled: boolean; readonly running: boolean } | undefined {
    const rule = this.#program.rules.get(id);
    const state = this.#states.get(id);
    if (rule === undefined) return undefined;
    return { enabled: isEnabled(rule, state), running: (state?.runs.length ?? 0) > 0 };
  }

  /** What each trigger of a rule was last seen to do, by its key; forgotten with the process. */
  looks(id: RuleId): ReadonlyMap<string, Look> {
    return this.#looks.get(id) ?? new Map();
  }

  /** What an event is about that some rule listens to, as `interest.ts` names it; of runs of older versions too. */
  *interests(): IterableIterator<string> {
    yield* this.#program.interests.names();
    yield* this.#older.keys();
  }

  /** Why a rule does not fire; `undefined` of one that is not there, or was not looked at yet. */
  explain(id: RuleId, world: World): Explanation | undefined {
    const rule = this.#program.rules.get(id);
    const state = this.#states.get(id);
    if (rule === undefined || state === undefined) return undefined;
    return explainRule({
      rule,
      state,
      looks: this.looks(id),
      program: this.#program,
      world,
      rules: this.#view,
    });
  }

  /** Runs another program from now on. The states stay; `start`, which must follow, makes them fit. */
  replaceProgram(program: Program): void {
    this.#program = program;
  }

  /**
   * Goes on from where another runner was, without an event: of use to who keeps the states elsewhere, see `step`.
   */
  takeUp(world: World, lateMs: Ms = 0): void {
    this.#restored = false;
    this.#trust = world.now.trust;
    for (const [id, state] of this.#states) {
      // What is due at this very moment has not been looked at yet.
      this.#wakes.set(id, nextWake(state, this.#program.rules.get(id), world.now, lateMs));
    }
    this.#listenForOlder();
  }

  /**
   * Lets the rules meet an event, and takes over what changed. The caller keeps `changed` and then carries out the
   * effects.
   */
  handle(event: RuleEvent, world: World): StepResult {
    const collected = new Collected();
    const errands: Errand[] = [];
    const visit = (id: RuleId, what: RuleEvent) => this.#visit(id, what, { world, collected, errands });
    switch (event.kind) {
      case "wakeup":
        for (const id of this.#inOrder(this.#wakes.takeDue(world.now.monotonic + ROUNDING_MS)))
          visit(id, event);
        break;
      case "start":
        this.#wakes.clear();
        this.#forgetDeleted(world, collected, errands);
        for (const id of this.#all()) visit(id, { ...event, restored: this.#restored });
        // Other events may see a new trust before the clock event tells of it.
        if (this.#restored) this.#trust = world.now.trust;
        this.#restored = false;
        this.#listenForOlder();
        break;
      case "clock": {
        const trustChanged = this.#trust !== undefined && this.#trust !== event.trust;
        this.#trust = event.trust;
        for (const id of this.#all()) visit(id, { trustChanged, ...event });
        break;
      }
      case "outcome":
      case "control":
        visit(event.rule, event);
        break;
      default:
        for (const id of this.#concerned(event)) visit(id, event);
    }
    this.#run(errands, visit, collected, world);
    collected.noteConflicts(this.#conflicts, world.now);
    return collected.result(this.#wakes.earliest());
  }

  /** Does what rules want of each other, in the same step. */
  #run(
    errands: Errand[],
    visit: (id: RuleId, event: RuleEvent) => void,
    collected: Collected,
    world: World,
  ): void {
    for (let done = 0; done < errands.length; done++) {
      const errand = errands[done];
      if (errand === undefined) break;
      if (errand.kind === "outcome") {
        visit(errand.rule, errand);
        continue;
      }
      const { control } = errand;
      for (const rule of this.#named(errand)) {
        const refusal = done < MAX_ERRANDS ? this.#refusal(rule, control) : TOO_MANY;
        if (refusal === undefined) visit(rule, { kind: "control", rule, control });
        else if (refusal === TOO_MANY) collected.trace(rule, [failure(world.now, refusal)]);
        const { parent } = control.do === "run" ? control : {};
        if (parent !== undefined && done >= MOST_ANSWERED) {
          // It asks again whatever the answer: that way this step would never end.
          visit(parent.rule, {
            kind: "control",
            rule: parent.rule,
            control: { do: "pause", reason: TOO_MANY },
          });
          continue;
        }
        // Who waits for a run must not wait for ever, whatever became of it.
        if (parent === undefined || this.#isAnswered(rule, parent, errands)) continue;
        const detail = refusal ?? "it did not begin";
        errands.push({ kind: "outcome", ...parent, outcome: { state: "refused", detail } });
      }
    }
  }

  #refusal(rule: RuleId, control: Control): string | undefined {
    const status = this.status(rule);
    if (control.do !== "run" || status?.enabled === true) return undefined;
    return status === undefined ? `there is no rule ${rule}` : `rule ${rule} is disabled`;
  }

  /** Whether a run is under way that will answer, or one has answered already. */
  #isAnswered(rule: RuleId, { effect }: { readonly effect: string }, errands: readonly Errand[]): boolean {
    if (this.#states.get(rule)?.runs.some(({ parent }) => parent?.effect === effect) === true) return true;
    return errands.some((errand) => errand.kind === "outcome" && errand.effect === effect);
  }

  #named({ group, rules }: Extract<Errand, { kind: "control" }>): readonly RuleId[] {
    if (group === undefined) return rules;
    return [...this.#program.rules.values()].filter((rule) => rule.group === group).map(({ id }) => id);
  }

  #all(): Set<RuleId> {
    return new Set([...this.#program.rules.keys(), ...this.#states.keys()]);
  }

  #concerned(event: RuleEvent): readonly RuleId[] {
    const interest = interestOf(event);
    if (interest === undefined) return [];
    const { interests } = this.#program;
    const ids = interests.exactly(interest).map(({ id }) => id);
    const older = this.#older.get(interest);
    if (older === undefined && event.kind !== "message") return ids;
    const found = new Set([...ids, ...(older ?? [])]);
    if (event.kind === "message") {
      for (const { id } of interests.matching(event.topic)) found.add(id);
      for (const [other, listeners] of this.#older) {
        if (!other.startsWith("m ") || !matchesFilter(other.slice(2), event.topic)) continue;
        for (const id of listeners) found.add(id);
      }
    }
    return this.#inOrder([...found]);
  }

  #visit(
    id: RuleId,
    event: RuleEvent,
    { collected, errands, world }: { collected: Collected; errands: Errand[]; world: World },
  ): void {
    const program = this.#program;
    const before = this.#states.get(id);
    const rule = program.rules.get(id);
    const counter = before === undefined ? this.#counters.get(id) : undefined;
    const result = visitRule({ id, rule, state: before, event, world, program, rules: this.#view, counter });
    collected.add(id, before, result);
    errands.push(...result.errands);
    if (result.state === undefined) this.#states.delete(id);
    else this.#states.set(id, result.state);
    if (result.looks.size > 0) this.#remember(id, result.looks);
    if (result.plans) this.#wakes.set(id, result.wakeAt);
  }

  #remember(id: RuleId, looks: ReadonlyMap<string, Look>): void {
    const own = this.#looks.get(id) ?? new Map<string, Look>();
    for (const [key, look] of looks) own.set(key, look);
    this.#looks.set(id, own);
  }

  #forgetDeleted(world: World, collected: Collected, errands: Errand[]): void {
    for (const [id, state] of this.#states) {
      if (!isDeleted(this.#program, id, state)) continue;
      this.#states.delete(id);
      this.#looks.delete(id);
      collected.changed.set(id, undefined);
      collected.trace(id, traceDeletion(state, world.now));
      if (stateProblem(state) !== undefined) continue;
      if (this.#counters.size < MAX_COUNTERS) this.#counters.set(id, state.counter);
      for (const { parent } of state.runs) {
        const outcome = { state: "cancelled", detail: "the rule was deleted" };
        if (parent !== undefined) errands.push({ kind: "outcome", ...parent, outcome });
      }
    }
  }

  #listenForOlder(): void {
    this.#older.clear();
    for (const [id, state] of this.#states) {
      for (const [version, source] of Object.entries(state.actions)) {
        if (this.#program.rules.get(id)?.version === version) continue;
        for (const interest of this.#program.linkActions(version, () => source).interests) {
          const listeners = this.#older.get(interest) ?? new Set();
          this.#older.set(interest, listeners.add(id));
        }
      }
    }
  }

  /** Ties are broken by the order of the files, as everywhere else. */
  #inOrder(ids: readonly RuleId[]): RuleId[] {
    const order = (id: RuleId) => this.#program.rules.get(id)?.order ?? Number.MAX_SAFE_INTEGER;
    return [...ids].sort((a, b) => order(a) - order(b));
  }
}
