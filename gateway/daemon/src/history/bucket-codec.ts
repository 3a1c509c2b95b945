import type { Bucket, Buckets } from "./buckets.ts";
import { BrokenBlock, type ByteReader, type ByteWriter, MOST_INTEGER } from "./bytes.ts";
import { digitsOf } from "./number-column.ts";
import { RUN_KINDS } from "./run.ts";
import { readTexts, writeTexts } from "./run-codec.ts";
import { usedTexts } from "./used-texts.ts";

const FLOATS = 255;
/** How far a sum may be from what its digits say, in parts of the sum. */
const SUM_SLACK = 1e-9;

/**
 * Writes buckets: the distance of each from the one before, its count with the mark of a gap, and what its values were.
 * Numbers are written as whole ones of the last digit: the least as its difference from that of the bucket before, the
 * others as theirs from the least, the sum as what is left of it when each value were the least.
 * @param widthMs of the buckets. @param base start of the stretch that they belong to; a multiple of the width.
 */
export function writeBuckets(writer: ByteWriter, buckets: Buckets, widthMs: number, base: number): void {
  const { kind, list } = buckets;
  writer.byte(RUN_KINDS.indexOf(kind));
  writer.natural(list.length);
  let before = base;
  for (const { start, count, gap } of list) {
    writer.natural((start - before) / widthMs);
    writer.natural(2 * count + (gap ? 1 : 0));
    before = start;
  }
  const filled = list.filter(({ count }) => count > 0);
  for (const { lastAt } of filled) writer.byte(lastAt);
  if (kind === "text") {
    const { texts, places } = usedTexts(
      buckets.texts,
      filled.map(({ last }) => last),
    );
    writeTexts(writer, texts);
    for (const place of places) writer.natural(place);
  } else writeColumns(writer, filled);
}

function writeColumns(writer: ByteWriter, filled: readonly Bucket[]): void {
  const digits = digitsOfBuckets(filled);
  writer.byte(digits ?? FLOATS);
  if (digits === undefined) {
    for (const { min, max, last, sum } of filled)
      for (const value of [min, max, last, sum]) writer.float(value);
    return;
  }
  const scale = 10 ** digits;
  let before = 0;
  for (const { count, min, max, last, sum } of filled) {
    const least = Math.round(min * scale);
    writer.integer(least - before);
    writer.natural(Math.round(max * scale) - least);
    writer.natural(Math.round(last * scale) - least);
    writer.integer(Math.round(sum * scale) - least * count);
    before = least;
  }
}

function digitsOfBuckets(filled: readonly Bucket[]): number | undefined {
  const digits = digitsOf(filled.flatMap(({ min, max, last }) => [min, max, last]));
  if (digits === undefined) return undefined;
  const scale = 10 ** digits;
  const whole = filled.every(({ count, min, sum }) => {
    const scaled = sum * scale;
    // A value between the least and the largest may have more digits than these.
    return (
      Math.abs(Math.round(scaled) - scaled) <= SUM_SLACK * Math.max(1, Math.abs(scaled)) &&
      Math.abs(scaled) <= MOST_INTEGER &&
      Math.abs(min * scale * count) <= MOST_INTEGER
    );
  });
  return whole ? digits : undefined;
}

export function readBuckets(reader: ByteReader, widthMs: number, base: number): Buckets {
  const kind = RUN_KINDS[reader.byte()];
  if (kind === undefined) throw new BrokenBlock("has values of an unknown kind");
  const list: Bucket[] = [];
  let start = base;
  for (let left = reader.count(2); left > 0; left--) {
    start += reader.natural() * widthMs;
    const counted = reader.natural();
    const [count, gap] = [Math.floor(counted / 2), counted % 2 === 1];
    list.push({ start, count, min: 0, max: 0, sum: 0, last: 0, lastAt: 0, gap });
  }
  const filled = list.filter(({ count }) => count > 0);
  for (const bucket of filled) bucket.lastAt = reader.byte();
  if (kind !== "text") {
    readColumns(reader, filled);
    return { kind, texts: [], list };
  }
  const texts = readTexts(reader);
  for (const bucket of filled) {
    bucket.last = reader.natural();
    if (bucket.last >= texts.length) throw new BrokenBlock("names a text that it does not hold");
  }
  return { kind, texts, list };
}

function readColumns(reader: ByteReader, filled: readonly Bucket[]): void {
  const digits = reader.byte();
  if (digits === FLOATS) {
    for (const bucket of filled) {
      bucket.min = reader.float();
      bucket.max = reader.float();
      bucket.last = reader.float();
      bucket.sum = reader.float();
    }
    return;
  }
  const scale = 10 ** digits;
  let least = 0;
  for (const bucket of filled) {
    least += reader.integer();
    bucket.min = least / scale;
    bucket.max = (least + reader.natural()) / scale;
    bucket.last = (least + reader.natural()) / scale;
    bucket.sum = (least * bucket.count + reader.integer()) / scale;
  }
}
