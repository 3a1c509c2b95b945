import { formatDuration, type Ms } from "@tram/protocol";
import { heldMs } from "../due.ts";
import type { CompiledRule } from "../program.ts";
import { saveInstant } from "../rule-state.ts";
import type { Visit } from "../visit.ts";

/** More runs than this in ten seconds is no automation; nobody has to ask for the limit. */
const RUNAWAY = { runs: 2_000, perMs: 10_000 as Ms };

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
