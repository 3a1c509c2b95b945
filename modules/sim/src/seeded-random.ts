/** Draws numbers that are evenly spread over [0, 1). */
export type Random = () => number;

/**
 * Numbers that look random and are the same for the same seed: a simulation that can be run again.
 * Not for secrets.
 *
 * Algorithm: mulberry32 by Tommy Ettinger, dedicated to the public domain (CC0 1.0),
 * https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 *
 * @param seed any integer; its low 32 bits count.
 * @param stream sources with one seed and different streams are independent of each other, so that drawing more from
 *   one does not shift the others.
 */
export function seededRandom(seed: number, stream = 0): Random {
  let state = (seed ^ Math.imul(stream, 0x9e3779b1)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number around 0 with standard deviation 1, never beyond ±3: the sum of three even draws is nearly normal. */
export function noise(random: Random): number {
  return (random() + random() + random() - 1.5) * 2;
}

/** How long to wait for something that happens once in `mean` on average, whatever happened before. */
export function waitingTime(mean: number, random: Random): number {
  return -Math.log(1 - random()) * mean;
}
