import type { Ms } from "@tram/protocol";

export interface BackoffLimits {
  /** First wait, in milliseconds. */
  readonly firstMs: Ms;
  /** Longest wait, in milliseconds. */
  readonly longestMs: Ms;
}

/**
 * The wait before the next attempt: doubling, with "equal jitter" (half fixed, half random), so that forty gateways
 * that lost the same cloud do not return in the same second.
 * @param failures attempts that failed in a row, at least 1.
 * @param random a number in [0, 1).
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): Ms {
  const full = Math.min(limits.longestMs, limits.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
