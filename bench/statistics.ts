/**
 * The smallest sample that at least `share` of all samples do not exceed (nearest rank).
 * @param share above 0, at most 1.
 * @throws {RangeError} without samples.
 */
export function percentile(samples: Iterable<number>, share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new RangeError("expected at least one sample, found none");
  return found;
}

export function median(samples: Iterable<number>): number {
  return percentile(samples, 0.5);
}

/** What repeated measurements of one thing gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}
