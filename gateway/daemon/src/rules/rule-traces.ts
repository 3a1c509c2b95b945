import type { Store } from "@tram/core";
import type { EpochMs, Ms, RuleId, TraceView } from "@tram/protocol";
import type { Outcome, StepResult, Trace } from "@tram/rules";
import { isFine } from "./effects/effect-told.ts";
import { PinnedErrors, type PinnedErrorsParts } from "./pinned-errors.ts";
import { TraceStore } from "./trace-store.ts";
import { traceView } from "./trace-view.ts";

/** Lines of an answer, where nobody asks for more. */
const SHOWN = 200;

/** What rules were seen to do: every evaluation in memory, as far as there is room, and errors on disk. */
export class RuleTraces implements Disposable {
  readonly #lines = new TraceStore();
  readonly #errors: PinnedErrors;
  readonly #now: () => EpochMs;
  readonly #startedAt: EpochMs;

  constructor(parts: PinnedErrorsParts & { readonly clock: { now(): EpochMs } }) {
    this.#errors = new PinnedErrors(parts);
    this.#now = () => parts.clock.now();
    this.#startedAt = parts.clock.now();
  }

  /** Takes up the errors of before. @throws {StoreError} */
  async restore(store: Pick<Store, "entries">): Promise<void> {
    await this.#errors.restore(store);
  }

  /** Takes in what a step of the engine told. */
  take({ looks, traces }: Pick<StepResult, "looks" | "traces">): void {
    for (const { looks: ofRule, rule } of looks) {
      for (const [key, look] of ofRule) this.#lines.look(rule, key, look);
    }
    for (const { rule, trace } of traces) this.add(rule, trace);
  }

  add(rule: RuleId, trace: Trace): void {
    this.#lines.add(rule, trace);
    if (isError(trace)) this.#errors.note(rule, trace);
  }

  /**
   * Tells how something that a rule did has ended: the line of the action shows it.
   * @param effect its id, as the engine gave it.
   * @param tookMs from the action to its end, where that is known.
   */
  onOutcome(rule: RuleId, effect: string, outcome: Outcome, tookMs?: Ms): void {
    const { detail, state } = outcome;
    const result = {
      state,
      ...(tookMs === undefined ? {} : { tookMs: Math.round(tookMs) }),
      ...(detail === undefined ? {} : { detail }),
    };
    const line = this.#lines.outcome(rule, effect, result);
    const time = this.#now();
    if (isFine(outcome)) {
      // Begun before a restart, or so long ago that its line is gone.
      if (line === undefined)
        this.#lines.add(rule, { time, trigger: "", outcome: "action", effect, result, checks: [] });
      return;
    }
    const what = line?.detail === undefined ? "" : `${line.detail}: `;
    this.add(rule, {
      time,
      trigger: line?.trigger ?? "",
      outcome: "failed",
      detail: `${what}${state}${detail === undefined ? "" : `: ${detail}`}`,
      checks: [],
      effect,
      result,
      ...(line?.runId === undefined ? {} : { runId: line.runId }),
    });
  }

  /** The newest first. */
  read(rule: RuleId, most?: number): readonly Trace[] {
    return this.#lines.read(rule, most);
  }

  views(rule: RuleId, most: number = SHOWN): readonly TraceView[] {
    return this.#lines.read(rule, most).map(traceView);
  }

  /** Errors that are kept on disk, the newest first. */
  errors(rule: RuleId): readonly TraceView[] {
    return this.#errors.of(rule).map(traceView);
  }

  /** The newest line that is no rejection. */
  last(rule: RuleId): TraceView | undefined {
    const trace = this.#lines.last(rule);
    return trace && traceView(trace);
  }

  /** Whether nothing is missing of a rule from a time on. */
  reachesBack(rule: RuleId, at: EpochMs): boolean {
    return at >= this.#startedAt && at > this.#lines.completeFrom(rule);
  }

  retain(keep: (rule: RuleId) => boolean): void {
    this.#lines.retain(keep);
    this.#errors.retain(keep);
  }

  [Symbol.dispose](): void {
    this.#errors[Symbol.dispose]();
  }
}

function isError({ outcome }: Trace): boolean {
  return outcome === "failed" || outcome === "paused" || outcome === "conflict";
}
