/** The first pause, and the longest. In milliseconds. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How long to wait before the next attempt. The pauses double, and are spread over half of their length: many flows
 * that lost one gateway do not come back in one moment.
 * @param failures attempts that failed in a row, from 1.
 * @param random 0 to 1.
 */
export function backOffMs(failures: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(16, failures - 1));
  return Math.round(longest * (0.5 + random / 2));
}
