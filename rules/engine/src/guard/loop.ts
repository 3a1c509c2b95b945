import type { Ms, RuleId } from "@tram/protocol";

/** A rule may lead to itself this often; a thermostat that overshoots does, once. */
const MAX_RETURNS = 2;
/** Longest chain that is remembered; what goes deeper is a loop as well, or will be. */
const MAX_CHAIN = 16;

/** What has waited for this long has no loop behind it that could run away: a pump that rests and works is none. */
export const CALM_MS: Ms = 10_000;

/** Whether a rule would go round in a circle. @returns the circle in words, or `undefined`. */
export function loopOf(chain: readonly RuleId[], id: RuleId): string | undefined {
  const returns = chain.filter((one) => one === id).length;
  if (returns <= MAX_RETURNS && chain.length < MAX_CHAIN) return undefined;
  const first = returns > 0 ? chain.lastIndexOf(id) : 0;
  return `a loop: ${[...chain.slice(first), id].join(" → ")}`;
}
