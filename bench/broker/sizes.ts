/** How long and how much is measured. Times in milliseconds. */
export interface Sizes {
  /** Of everything but latency. */
  readonly rounds: number;
  /** Of latency: medians over fewer say little. */
  readonly paceRounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly paceMs: number;
  /** From the last client's entrance to the look at the memory. */
  readonly settleMs: number;
  readonly idleClients: readonly number[];
  /** Messages for somebody who is away: multiples of 2,000, and no more in all than there are packet identifiers (65,535). */
  readonly awayWarmUp: number;
  readonly awayMessages: number;
  readonly connections: number;
  /** With 1,000 filters each. */
  readonly subscribers: number;
}

const PACE_ROUNDS = 15;

export function fullSizes(rounds: number): Sizes {
  return {
    rounds,
    paceRounds: Math.max(PACE_ROUNDS, rounds),
    warmUpMs: 1_500,
    measureMs: 2_000,
    paceMs: 4_000,
    settleMs: 2_000,
    idleClients: [1_000, 5_000],
    awayWarmUp: 10_000,
    awayMessages: 50_000,
    connections: 3_000,
    subscribers: 100,
  };
}

/** A fifth of one core takes five times as long. */
export function boxSizes(rounds: number): Sizes {
  return {
    ...fullSizes(rounds),
    warmUpMs: 4_000,
    measureMs: 4_000,
    awayWarmUp: 6_000,
    awayMessages: 14_000,
    connections: 1_000,
  };
}

/** Only shows that it works. */
export const QUICK_SIZES: Sizes = {
  rounds: 1,
  paceRounds: 2,
  warmUpMs: 500,
  measureMs: 500,
  paceMs: 500,
  settleMs: 500,
  idleClients: [1_000, 2_000],
  awayWarmUp: 2_000,
  awayMessages: 4_000,
  connections: 500,
  subscribers: 10,
};
