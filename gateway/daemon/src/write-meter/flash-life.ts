/** What a projection of the flash's life is made of. */
export interface FlashUse {
  /** Bytes of the file system that is written to. */
  readonly mediumBytes: number;
  /** How often each of its blocks can be erased. */
  readonly enduranceCycles: number;
  readonly bytesPerDay: number;
}

const DAYS_PER_YEAR = 365.25;

/**
 * How long the flash lasts at most, in years: as if wear were spread evenly over the whole file system and nothing were
 * written but what is counted. What flash translation and the file system itself write comes on top.
 * @returns undefined when nothing is written, or nothing is known of the medium.
 */
export function flashLifeYears({ mediumBytes, enduranceCycles, bytesPerDay }: FlashUse): number | undefined {
  if (!(mediumBytes > 0) || !(bytesPerDay > 0)) return undefined;
  return (mediumBytes * enduranceCycles) / bytesPerDay / DAYS_PER_YEAR;
}
