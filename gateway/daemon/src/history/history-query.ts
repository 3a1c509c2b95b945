import type { HistoryGap, HistoryPoint, HistoryView } from "@tram/protocol";
import { type Bucket, type Buckets, foldBuckets, lastOf } from "./buckets.ts";
import type { HistoryCut, Range } from "./history-cut.ts";
import { GAP_REASONS, type Run, reasonsByPlace, valueAt } from "./run.ts";
import { Thinning } from "./thinning.ts";
import type { Tier } from "./tiers.ts";

/** Gaps that one answer tells of. */
const GAPS = 1_000;

export interface HistoryQuery extends Range {
  readonly thing: string;
  readonly property: string;
  readonly tier: Tier;
  /** At most so many; above 2. */
  readonly points: number;
}

/**
 * Answers with points for a chart: readings thinned so that what sticks out stays (LTTB), buckets put together so that
 * the least and the largest stay. Throws what the engine throws.
 */
export async function queryHistory(cut: HistoryCut, query: HistoryQuery): Promise<HistoryView> {
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
    const thinning = new Thinning(cut.span(tier, query), points);
    const gaps: HistoryGap[] = [];
    for await (const { run } of runsOf(cut, tier, query)) {
      thinning.add(run);
      noteGaps(gaps, run);
    }
    const kept = thinning.points();
    return {
      ...head,
      widthMs: 0,
      read: thinning.read,
      thinned: kept.times.length < thinning.read,
      points: runPoints(kept),
      gaps: [...gaps, ...outages].slice(0, GAPS),
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

async function* runsOf(cut: HistoryCut, tier: Tier, range: Range): AsyncGenerator<{ readonly run: Run }> {
  for await (const piece of cut.pieces(tier, range)) if ("run" in piece) yield piece;
}

function runPoints(run: Run): HistoryPoint[] {
  return run.times.flatMap((time, place): HistoryPoint[] => {
    const value = valueAt(run, place);
    return value === undefined ? [] : [{ time: iso(time), value }];
  });
}

/** Notes where gaps begin, and where the one before ends. */
function noteGaps(gaps: HistoryGap[], run: Run): void {
  const reasons = reasonsByPlace(run);
  const last = gaps.at(-1);
  // It may end in the next piece.
  if (last !== undefined && last.to === undefined && run.times[0] !== undefined) last.to = iso(run.times[0]);
  for (const [place, reason] of reasons) {
    if (gaps.length >= GAPS) return;
    const next = run.times[place + 1];
    gaps.push({
      from: iso(run.times[place] ?? 0),
      ...(next === undefined ? {} : { to: iso(next) }),
      reason: GAP_REASONS[reason] ?? "unknown",
    });
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
