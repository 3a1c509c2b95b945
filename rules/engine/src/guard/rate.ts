import { formatDuration, type Ms } from "@tram/protocol";
import { heldMs } from "../due.ts";
import type { CompiledRule } from "../program.ts";
import { saveInstant } from "../rule-state.ts";
import type { Visit } from "../visit.ts";

/** More runs than this in ten seconds is no automation; nobody has to ask for the limit. */
const RUNAWAY = { runs: 2_000, perMs: 10_000 as Ms };

/** More steps than this in a minute, one after the other for a whole minute, and a delay was forgotten: each is kept on flash. */
const HURRY = { steps: 1_200, perMs: 60_000 as Ms };

export type RateVerdict =
  | { readonly kind: "fine" }
  /** Over the limit that the rule has: this run is dropped. */
  | { readonly kind: "limited"; readonly detail: string }
  /** Over what any rule may do. */
  | { readonly kind: "runaway"; readonly reason: string };

/** Counts a run that is about to begin. */
export function countRun(visit: Visit, { rateLimit }: CompiledRule): RateVerdict {
  const { runs: most, perMs } = rateLimit ?? RUNAWAY;
  const { rate } = visit.state;
  const { now } = visit.world;
  if (rate === undefined || heldMs(rate.since, now) >= perMs) {
    visit.state = { ...visit.state, rate: { since: saveInstant(now), runs: 1 } };
    return { kind: "fine" };
  }
  if (rate.runs < most) {
    visit.state = { ...visit.state, rate: { ...rate, runs: rate.runs + 1 } };
    return { kind: "fine" };
  }
  const limit = `${most} runs in ${formatDuration(perMs)}`;
  if (rateLimit !== undefined) return { kind: "limited", detail: `more than ${limit}` };
  return { kind: "runaway", reason: `it ran away: more than ${limit}` };
}

/**
 * Counts that a run waits anew, after it had waited.
 * @returns why it may not, where the runs of its rule do nothing else.
 */
export function countStep(visit: Visit): string | undefined {
  const { steps } = visit.state;
  const { now } = visit.world;
  const count = steps === undefined || heldMs(steps.since, now) >= HURRY.perMs ? undefined : steps.count;
  if (count !== undefined && count >= HURRY.steps) {
    return `it ran away: more than ${HURRY.steps} steps in ${formatDuration(HURRY.perMs)}`;
  }
  visit.state = {
    ...visit.state,
    steps:
      steps === undefined || count === undefined
        ? { since: saveInstant(now), count: 1 }
        : { ...steps, count: count + 1 },
  };
  return undefined;
}
