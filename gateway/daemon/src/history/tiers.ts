/** The stages of a history, from the finest on: readings as they came, and buckets ever wider. */
export const TIER_NAMES = ["raw", "1m", "15m", "1d"] as const;
export type TierName = (typeof TIER_NAMES)[number];

export interface Tier {
  readonly name: TierName;
  /** Place among the tiers. */
  readonly index: number;
  /** Of a bucket, in milliseconds; 0 for raw. */
  readonly widthMs: number;
  /** A property's block of this tier covers so much time, in milliseconds, counted from 1970. */
  readonly blockMs: number;
  /** Part of the history's size that belongs to the tier. */
  readonly share: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export const TIERS: readonly Tier[] = [
  { name: "raw", index: 0, widthMs: 0, blockMs: HOUR_MS, share: 0.4 },
  { name: "1m", index: 1, widthMs: MINUTE_MS, blockMs: HOUR_MS, share: 0.35 },
  { name: "15m", index: 2, widthMs: 15 * MINUTE_MS, blockMs: DAY_MS, share: 0.2 },
  { name: "1d", index: 3, widthMs: DAY_MS, blockMs: 30 * DAY_MS, share: 0.05 },
];
export const [RAW, MINUTE, QUARTER, DAY] = TIERS as readonly [Tier, Tier, Tier, Tier];

export function tierOf(name: string): Tier | undefined {
  return TIERS.find((tier) => tier.name === name);
}

/** Number of the block that a time belongs to. */
export function blockNumber(tier: Tier, time: number): number {
  return Math.floor(time / tier.blockMs);
}

/**
 * The tier that shows a stretch of time best: the coarsest that has as many buckets in it as there shall be points, and
 * still goes back to its beginning; else one that does, however coarse.
 * @param goesBackTo the time from which on a tier is complete.
 */
export function chooseTier(
  range: { readonly from: number; readonly to: number },
  points: number,
  goesBackTo: (tier: Tier) => number,
): Tier {
  const length = range.to - range.from;
  const fine = [...TIERS].reverse().find(({ widthMs }) => widthMs === 0 || length / widthMs >= points) ?? RAW;
  const reaching = TIERS.slice(fine.index).find((tier) => goesBackTo(tier) <= range.from);
  if (reaching !== undefined) return reaching;
  // Nobody goes back so far: whoever goes furthest.
  return TIERS.slice(fine.index).reduce((best, tier) => (goesBackTo(tier) < goesBackTo(best) ? tier : best));
}
