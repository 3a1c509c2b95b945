import { median, type Spread, spread } from "../statistics.ts";
import type { Figures } from "./order.ts";

/** What came of one measurement: figures, or why there are none. */
export type Outcome = Figures | string;

/** What Tram's median, or the median of its ratios to mosquitto, must be. */
export type Target =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | { readonly timesMosquitto: number };

/** One figure, round by round; undefined where a round gave none. */
export function samplesOf(rounds: readonly Outcome[], figure: string, scale = 1): (number | undefined)[] {
  return rounds.map((outcome) => {
    if (typeof outcome === "string") return undefined;
    const value = outcome[figure];
    return value === undefined ? undefined : value * scale;
  });
}

export function spreadOf(samples: readonly (number | undefined)[]): Spread | undefined {
  const found = samples.filter((sample) => sample !== undefined);
  return found.length === 0 ? undefined : spread(found);
}

/**
 * Ratios of what was measured one after the other in the same round: whatever else the machine does then, it does to
 * both. Rounds that lack one are left out.
 */
export function ratiosOf(
  ours: readonly (number | undefined)[],
  theirs: readonly (number | undefined)[],
): number[] {
  return ours.flatMap((our, round) => {
    const their = theirs[round];
    return our === undefined || their === undefined ? [] : [our / their];
  });
}

/** @returns undefined when nothing was measured that could be judged. */
export function isMet(
  target: Target,
  ours: readonly (number | undefined)[],
  ratios: readonly number[],
): boolean | undefined {
  if ("timesMosquitto" in target) {
    return ratios.length === 0 ? undefined : median(ratios) <= target.timesMosquitto;
  }
  const middle = spreadOf(ours)?.median;
  if (middle === undefined) return undefined;
  return "atMost" in target ? middle <= target.atMost : middle >= target.atLeast;
}
