import { formatDuration, type Json, type Ms, parseDuration } from "@tram/protocol";
import { type CelTemplate, evaluateTemplate } from "../cel/index.ts";
import { type ConditionResult, evaluateConditions } from "../conditions.ts";
import { heldMs } from "../due.ts";
import type { Effect, Outcome } from "../events.ts";
import { CALM_MS } from "../guard/loop.ts";
import type { CompiledCondition } from "../program.ts";
import type { BlockState, RunState, Wait } from "../rule-state.ts";
import { saveCause, saveInstant } from "../rule-state.ts";
import type { Locals } from "../scope.ts";
import { scopeOf } from "../scope.ts";
import { type TraceDetails, trace, type Visit } from "../visit.ts";

/** Characters that the variables of a run may have as JSON: they are written with each step of it. */
export const MAX_VARIABLES_LENGTH = 65_536;

/** How an action, or a list of them, goes on. */
export type Progress<State> =
  | { readonly kind: "done" }
  /** Waits; the same object as before when nothing changed. */
  | { readonly kind: "waiting"; readonly state: State }
  /** The run is over, here and now. */
  | { readonly kind: "ended"; readonly reason: string; readonly failed: boolean };

export const DONE = { kind: "done" } as const;

/** The run wants more operations than a visit has. */
export class BudgetSpent extends Error {}

/** Something an author wrote cannot be computed; the run ends, and says so. */
export class RunProblem extends Error {}

type Distributed<T> = T extends unknown ? Omit<T, "id" | "rule" | "awaited" | "chain"> : never;
/** An effect without its head. */
export type EffectBody = Distributed<Effect>;

/** One run going on in one visit. */
export class RunContext {
  readonly visit: Visit;
  #run: RunState;
  /** Of the `repeat`s around the action, the innermost last. */
  readonly #rounds: Json[] = [];

  constructor(visit: Visit, run: RunState) {
    this.visit = visit;
    this.#run = run;
  }

  get run(): RunState {
    return this.#run;
  }

  get locals(): Locals {
    const { trigger, variables } = this.#run;
    const repeat = this.#rounds.at(-1);
    return { trigger, variables, ...(repeat === undefined ? {} : { repeat }) };
  }

  /** @throws BudgetSpent */
  spend(operations = 1): void {
    const { budget } = this.visit;
    budget.left -= operations;
    if (budget.left < 0) throw new BudgetSpent();
  }

  /** Does something inside of a round of a `repeat`. */
  inRound<T>(round: Json, work: () => T): T {
    this.#rounds.push(round);
    try {
      return work();
    } finally {
      this.#rounds.pop();
    }
  }

  /** Asks conditions. @throws BudgetSpent */
  asks(conditions: readonly CompiledCondition[], place: string): ConditionResult {
    const result = evaluateConditions(this.visit, conditions, this.locals, place);
    if (this.visit.budget.left <= 0) throw new BudgetSpent();
    return result;
  }

  /** @throws RunProblem when a template in it cannot be computed */
  value(template: CelTemplate): Json {
    if (template.constant !== undefined) return template.constant;
    const result = evaluateTemplate(template, scopeOf(this.visit, this.locals), this.visit.budget);
    if (result.ok) return result.value;
    throw this.visit.budget.left <= 0 ? new BudgetSpent() : new RunProblem(result.problem);
  }

  /** @throws RunProblem when a template in it cannot be computed */
  text(template: CelTemplate): string {
    const value = this.value(template);
    return typeof value === "string" ? value : JSON.stringify(value);
  }

  /** A duration that was written, or computed: `5m`, or a number of seconds. @throws RunProblem */
  duration(duration: Ms | CelTemplate): Ms {
    if (typeof duration === "number") return duration;
    const value = this.value(duration);
    const ms =
      typeof value === "number"
        ? value * 1_000
        : typeof value === "string"
          ? parseDuration(value)
          : undefined;
    if (ms !== undefined && Number.isFinite(ms) && ms >= 0 && ms <= 3_650 * 86_400_000) return ms;
    throw new RunProblem(`found ${JSON.stringify(value)}, expected a duration or a number of seconds`);
  }

  /** Gives a variable a value, for the rest of the run. @throws RunProblem */
  set(name: string, value: Json): void {
    const variables = { ...this.#run.variables, [name]: value };
    if (typeof value !== "number" && typeof value !== "boolean") {
      const { length } = JSON.stringify(variables);
      if (length > MAX_VARIABLES_LENGTH) {
        throw new RunProblem(
          `the variables have ${length} characters, expected at most ${MAX_VARIABLES_LENGTH}`,
        );
      }
    }
    this.#run = { ...this.#run, variables };
  }

  /** Hands an effect to the daemon. @returns its id. */
  effect(body: EffectBody, { awaited }: { readonly awaited: boolean }): string {
    const id = this.takeEffectId();
    const { cause, chain = [] } = this.#run;
    const { effects, id: rule } = this.visit;
    const caused = body.kind === "set" || body.kind === "invoke" ? saveCause(cause) : {};
    effects.push({ id, rule, awaited, chain: [...chain, rule], ...body, ...caused } as Effect);
    return id;
  }

  takeEffectId(): string {
    const effects = this.#run.effects + 1;
    this.#run = { ...this.#run, effects };
    return `${this.#run.id}.${effects}`;
  }

  /** A wait is over: what led to the run is of no matter any more when it was a long one. */
  rested({ durationMs, since }: Wait): void {
    if (Math.min(durationMs, heldMs(since, this.visit.world.now)) < CALM_MS) return;
    const { cause: _cause, chain: _chain, ...run } = this.#run;
    this.#run = run;
  }

  /** A wait that begins now. */
  wait(durationMs: Ms): Wait {
    return { since: saveInstant(this.visit.world.now), durationMs };
  }

  trace(details: Omit<TraceDetails, "trigger" | "runId">): void {
    trace(this.visit, { ...details, trigger: this.#run.trigger.id, runId: this.#run.id });
  }

  /** Keeps how far the run is. */
  at(block: BlockState): void {
    if (this.#run.block !== block) this.#run = { ...this.#run, block };
  }
}

/** The outcome of an effect, as expressions see it in `result`. */
export function resultOf({ detail, state, value }: Outcome): Json {
  return {
    state,
    ok: state === "confirmed" || state === "sent",
    ...(value === undefined ? {} : { value }),
    ...(detail === undefined ? {} : { detail }),
  };
}

export function waitWords(durationMs: Ms | undefined): string {
  return durationMs === undefined ? "" : `, at most ${formatDuration(durationMs)}`;
}
