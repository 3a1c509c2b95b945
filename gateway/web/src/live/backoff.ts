const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/**
 * How long to wait before connecting again: doubles from 0.5 s to 10 s, and spreads by up to a quarter less, so that
 * all open browsers do not come back at the same moment.
 * @param attempt how many attempts have failed in a row before this one, from 0.
 * @param random 0 to 1.
 * @returns milliseconds, 500 to 10,000.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.max(FIRST_MS, Math.round(full * (1 - 0.25 * random)));
}
