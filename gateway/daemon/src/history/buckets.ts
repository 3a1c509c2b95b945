import type { Json } from "@tram/protocol";
import { GAP_REASONS, type Run, type RunKind, textOf } from "./run.ts";

/** What a property did in one stretch of time. */
export interface Bucket {
  /** Epoch milliseconds; a multiple of the width. */
  readonly start: number;
  /** Values in it; with 0 the numbers mean nothing. */
  count: number;
  /** Of numbers, and of 0 and 1; nothing of texts. */
  min: number;
  max: number;
  sum: number;
  /** The latest value, or its place in the texts. */
  last: number;
  /** When that was: parts of 256 of the width. */
  lastAt: number;
  /** Somewhere in it the value was not known. */
  gap: boolean;
}

/** Buckets of one property, in the order of time. */
export interface Buckets {
  kind: RunKind;
  /** JSON. */
  texts: string[];
  list: Bucket[];
}

const PARTS = 256;
const THINNED = GAP_REASONS.indexOf("thinned");

export function noBuckets(kind: RunKind = "number"): Buckets {
  return { kind, texts: [], list: [] };
}

/** Folds a run, in the order of time, into buckets of a width in milliseconds. */
export function foldRun(run: Run, widthMs: number): Buckets {
  const list: Bucket[] = [];
  const { kind, times, values } = run;
  let bucket: Bucket | undefined;
  let gap = 0;
  for (let index = 0; index < times.length; index++) {
    const [time, value] = [times[index] ?? 0, values[index] ?? Number.NaN];
    const missing = Number.isNaN(value);
    // What only the tiers keep is no gap there.
    if (missing && run.gaps[gap++] === THINNED) continue;
    if (bucket === undefined || time >= bucket.start + widthMs) {
      bucket = emptyBucket(time - (time % widthMs));
      list.push(bucket);
    }
    if (missing) {
      bucket.gap = true;
      continue;
    }
    const lastAt = Math.floor(((time - bucket.start) * PARTS) / widthMs);
    take(bucket, { count: 1, min: value, max: value, sum: value, last: value, lastAt }, kind);
  }
  return { kind, texts: run.texts, list };
}

/** Folds buckets into wider ones. @param fromMs their width. @param widthMs the wider one: a multiple of it. */
export function foldBuckets(buckets: Buckets, fromMs: number, widthMs: number): Buckets {
  const list: Bucket[] = [];
  let wide: Bucket | undefined;
  for (const bucket of buckets.list) {
    if (wide === undefined || bucket.start >= wide.start + widthMs) {
      wide = emptyBucket(bucket.start - (bucket.start % widthMs));
      list.push(wide);
    }
    const lastMs = bucket.start - wide.start + (bucket.lastAt * fromMs) / PARTS;
    if (bucket.count > 0)
      take(wide, { ...bucket, lastAt: Math.floor((lastMs * PARTS) / widthMs) }, buckets.kind);
    wide.gap ||= bucket.gap;
  }
  return { kind: buckets.kind, texts: buckets.texts, list };
}

/** Puts together what is known of the same time from two sources, each value in one of them alone. */
export function mergeBuckets(earlier: Buckets, later: Buckets): Buckets {
  if (earlier.list.length === 0) return later;
  if (later.list.length === 0) return earlier;
  const [a, b] = alike(earlier, later);
  const list: Bucket[] = [];
  let [left, right] = [0, 0];
  for (;;) {
    const [one, other] = [a.list[left], b.list[right]];
    if (one === undefined && other === undefined) return { kind: a.kind, texts: a.texts, list };
    if (one === undefined || (other !== undefined && other.start < one.start)) {
      if (other !== undefined) list.push(other);
      right++;
    } else if (other === undefined || one.start < other.start) {
      list.push(one);
      left++;
    } else {
      const both = { ...one };
      if (other.count > 0) take(both, other, a.kind);
      both.gap ||= other.gap;
      list.push(both);
      left++;
      right++;
    }
  }
}

function emptyBucket(start: number): Bucket {
  return { start, count: 0, min: 0, max: 0, sum: 0, last: 0, lastAt: 0, gap: false };
}

function take(bucket: Bucket, more: Omit<Bucket, "start" | "gap">, kind: RunKind): void {
  const first = bucket.count === 0;
  if (first || more.lastAt >= bucket.lastAt) {
    bucket.last = more.last;
    bucket.lastAt = more.lastAt;
  }
  bucket.count += more.count;
  if (kind === "text") return;
  bucket.min = first ? more.min : Math.min(bucket.min, more.min);
  bucket.max = first ? more.max : Math.max(bucket.max, more.max);
  bucket.sum += more.sum;
}

/** Both with values of one kind, and one list of texts. */
function alike(a: Buckets, b: Buckets): [Buckets, Buckets] {
  if (a.kind === b.kind && a.kind !== "text") return [a, b];
  const texts: string[] = [];
  const places = new Map<string, number>();
  const convert = ({ kind, texts: own, list }: Buckets): Buckets => ({
    kind: "text",
    texts,
    list: list.map((bucket) => {
      if (bucket.count === 0) return bucket;
      const text = kind === "text" ? (own[bucket.last] ?? "null") : textOf(kind, bucket.last);
      const last = places.get(text) ?? texts.push(text) - 1;
      places.set(text, last);
      return { ...bucket, min: 0, max: 0, sum: 0, last };
    }),
  });
  return [convert(a), convert(b)];
}

/** The latest value of a bucket; undefined when there is none. */
export function lastOf({ kind, texts }: Buckets, bucket: Bucket): Json | undefined {
  if (bucket.count === 0) return undefined;
  if (kind === "number") return bucket.last;
  return kind === "boolean" ? bucket.last === 1 : (JSON.parse(texts[bucket.last] ?? "null") as Json);
}

/** The buckets that begin within a time. @param to not included. */
export function bucketsWithin(buckets: Buckets, from: number, to: number): Buckets {
  return { ...buckets, list: buckets.list.filter(({ start }) => start >= from && start < to) };
}
