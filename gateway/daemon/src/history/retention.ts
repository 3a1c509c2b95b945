import type { Clock } from "@tram/core";
import type { StoreFailure } from "../store/store-failure.ts";
import type { HistoryDatabase } from "./history-database.ts";
import type { PolicyFor } from "./policy.ts";
import { blockNumber, RAW, TIERS, type Tier } from "./tiers.ts";

/** So much of the file may be in use before the oldest is dropped: folding needs room for a moment. */
const FULL_SHARE = 0.85;
const DAY_MS = 86_400_000;

/**
 * Drops the oldest blocks, of the tier that is furthest above its share, until there is room again.
 * @param turn is called between two steps.
 * @returns why it could not be done.
 */
export async function makeRoom(
  database: HistoryDatabase,
  turn: () => Promise<void>,
): Promise<StoreFailure | undefined> {
  for (;;) {
    const { most, used } = database.pages();
    if (used <= FULL_SHARE * most) return undefined;
    const tier = TIERS.reduce((worst, each) =>
      excess(database, each) > excess(database, worst) ? each : worst,
    );
    const extent = database.reads.extent(tier);
    if (extent === undefined) return undefined;
    const failure = database.transaction(() => database.dropBlocks(tier, extent.first));
    if (failure !== undefined) return failure;
    await turn();
  }
}

function excess(database: HistoryDatabase, tier: Tier): number {
  return (database.state.bytes[tier.index] ?? 0) / tier.share;
}

/**
 * Drops what is older than the policies want, once a day, while the clock can be believed. Only blocks that grew too old
 * since the last time are looked for.
 */
export async function keepAges(
  database: HistoryDatabase,
  clock: Pick<Clock, "now" | "trust">,
  policyFor: PolicyFor,
  turn: () => Promise<void>,
): Promise<StoreFailure | undefined> {
  const now = clock.now();
  const { sweptAt } = database.state;
  if (clock.trust === "untrusted" || now < sweptAt + DAY_MS) return undefined;
  const extents = TIERS.map((tier) => database.reads.extent(tier));
  for (const [key, id] of database.ids) {
    const slash = key.indexOf("/");
    const { days, rawDays } = policyFor(key.slice(0, slash), key.slice(slash + 1));
    if (days === undefined && rawDays === undefined) continue;
    const failure = database.transaction(() => {
      for (const tier of TIERS) {
        const limit = tier === RAW ? least(days, rawDays) : days;
        const extent = extents[tier.index];
        if (limit === undefined || extent === undefined) continue;
        const first = Math.max(extent.first, blockNumber(tier, sweptAt - limit * DAY_MS) - 1);
        const end = blockNumber(tier, now - limit * DAY_MS);
        for (let number = first; number < end; number++) database.dropBlock(tier, number, id);
      }
    });
    if (failure !== undefined) return failure;
    await turn();
  }
  return database.transaction(() => database.change({ sweptAt: Math.round(now) }));
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
