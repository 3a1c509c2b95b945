import type { HistoryGap, HistoryPoint, HistoryView } from "@tram/protocol";
import { type Bucket, type Buckets, foldBuckets, lastOf } from "./buckets.ts";
import type { HistoryCut, Range } from "./history-cut.ts";
import { lttb } from "./lttb.ts";
import { append, emptyRun, GAP_REASONS, picked, type Run, reasonsByPlace, valueAt } from "./run.ts";
import type { Tier } from "./tiers.ts";

/** Gaps that one answer tells of. */
const GAPS = 1_000;
/** Readings that one answer is made of: what memory holds of them at a time. */
export const MOST_READINGS = 2_000_000;

export interface HistoryQuery extends Range {
  readonly thing: string;
  readonly property: string;
  readonly tier: Tier;
  /** At most so many; above 2. */
  readonly points: number;
}

/**
 * Answers with points for a chart: readings thinned so that what sticks out stays (LTTB), buckets put together so that
 * the least and the largest stay.
 * @returns undefined when there are more readings than can be held: a coarser tier will do. Throws what the engine throws.
 */
export async function queryHistory(cut: HistoryCut, query: HistoryQuery): Promise<HistoryView | undefined> {
  const { from, points, property, thing, tier, to } = query;
  const head = { thing, property, tier: tier.name, from: iso(from), to: iso(to) };
  const outages = cut.outages(query, GAPS).map(
    ({ began, ended, lostMs, reason }): HistoryGap => ({
      from: iso(began),
      to: iso(ended),
      reason,
      lostMs,
    }),
  );
  if (tier.widthMs === 0) {
    const run = emptyRun();
    for await (const piece of cut.pieces(tier, query)) {
      if ("run" in piece) append(run, piece.run);
      if (run.times.length > MOST_READINGS) return undefined;
    }
    const kept = thinned(run, points);
    return {
      ...head,
      widthMs: 0,
      read: run.times.length,
      thinned: kept.times.length < run.times.length,
      points: runPoints(kept),
      gaps: [...runGaps(run), ...outages].slice(0, GAPS),
      damaged: cut.damaged,
    };
  }
  const sets: Buckets[] = [];
  for await (const piece of cut.pieces(tier, query)) if ("buckets" in piece) sets.push(piece.buckets);
  const read = sets.reduce((sum, { list }) => sum + list.length, 0);
  const factor = Math.max(1, Math.ceil(read / points));
  const widthMs = tier.widthMs * factor;
  const folded = sets.map((set) => (factor === 1 ? set : foldBuckets(set, tier.widthMs, widthMs)));
  return {
    ...head,
    widthMs,
    read,
    thinned: factor > 1,
    points: joined(folded).flatMap(([set, bucket]) => bucketPoint(set, bucket)),
    gaps: [...bucketGaps(folded, widthMs), ...outages].slice(0, GAPS),
    damaged: cut.damaged,
  };
}

/** A block ends where the next begins: with wide buckets, one may stand in both. */
function joined(sets: readonly Buckets[]): (readonly [Buckets, Bucket])[] {
  const found: (readonly [Buckets, Bucket])[] = [];
  for (const set of sets) {
    for (const bucket of set.list) {
      const before = found.at(-1);
      if (before?.[1].start !== bucket.start) found.push([set, bucket]);
      else found[found.length - 1] = [set, together(before[1], bucket)];
    }
  }
  return found;
}

function together(earlier: Bucket, later: Bucket): Bucket {
  if (earlier.count === 0) return { ...later, gap: earlier.gap || later.gap };
  if (later.count === 0) return { ...earlier, gap: earlier.gap || later.gap };
  return {
    ...later,
    count: earlier.count + later.count,
    min: Math.min(earlier.min, later.min),
    max: Math.max(earlier.max, later.max),
    sum: earlier.sum + later.sum,
    gap: earlier.gap || later.gap,
  };
}

/** So many values that catch the eye, with all the gaps. */
function thinned(run: Run, points: number): Run {
  if (run.times.length <= points) return run;
  const places = run.values.flatMap((value, place) => (Number.isNaN(value) ? [] : [place]));
  const pick = (column: readonly number[]): number[] => places.map((place) => column[place] ?? 0);
  const chosen = lttb(pick(run.times), pick(run.values), points);
  return picked(
    run,
    chosen.map((index) => places[index] ?? 0),
  );
}

function runPoints(run: Run): HistoryPoint[] {
  return run.times.flatMap((time, place): HistoryPoint[] => {
    const value = valueAt(run, place);
    return value === undefined ? [] : [{ time: iso(time), value }];
  });
}

function* runGaps(run: Run): Generator<HistoryGap> {
  let told = 0;
  for (const [place, reason] of reasonsByPlace(run)) {
    if (told++ >= GAPS) return;
    const next = run.times[place + 1];
    yield {
      from: iso(run.times[place] ?? 0),
      ...(next === undefined ? {} : { to: iso(next) }),
      reason: GAP_REASONS[reason] ?? "unknown",
    };
  }
}

/** Buckets in which something was not known, those beside each other as one. */
function bucketGaps(sets: readonly Buckets[], widthMs: number): HistoryGap[] {
  const spans: { from: number; to: number }[] = [];
  for (const { gap, start } of sets.flatMap(({ list }) => list)) {
    if (!gap) continue;
    const last = spans.at(-1);
    if (last !== undefined && last.to >= start) last.to = start + widthMs;
    else spans.push({ from: start, to: start + widthMs });
  }
  return spans.slice(0, GAPS).map(({ from, to }) => ({ from: iso(from), to: iso(to), reason: "unknown" }));
}

export function bucketPoint(set: Buckets, bucket: Bucket): HistoryPoint[] {
  const last = lastOf(set, bucket);
  if (last === undefined) return [];
  const { count, max, min, start, sum } = bucket;
  // Sums of decimals are a little off, and nobody wants to read that.
  const mean = Number((sum / count).toPrecision(12));
  const numbers = set.kind === "text" ? {} : { min, max, mean };
  return [{ time: iso(start), ...numbers, last, count }];
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
