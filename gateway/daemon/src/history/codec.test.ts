import type { Json } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBuckets, writeBuckets } from "./bucket-codec.ts";
import { type Buckets, foldBuckets, foldRun, lastOf, mergeBuckets, noBuckets } from "./buckets.ts";
import { ByteReader, ByteWriter, decoded, MOST_INTEGER } from "./bytes.ts";
import { seal, unseal } from "./frame.ts";
import { MemoryRuns } from "./memory-runs.ts";
import { digitsOf } from "./number-column.ts";
import { append, GAP_REASONS, MOST_TIME, type Run, reasonsByPlace, sorted, valueAt, within } from "./run.ts";
import { readRun, writeRun } from "./run-codec.ts";

type Entry =
  | { readonly time: number; readonly value: Json }
  | { readonly time: number; readonly gap: number };

const number = fc.oneof(
  fc.integer({ min: -2_000, max: 2_000 }).map((value) => value / 10),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: number },
  fc.boolean(),
  fc.constantFrom("heat", "cool", "", "Trạm", "x".repeat(2_000)),
  fc.constant({ a: [1] }),
);
const time = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }) },
  fc.integer({ min: 0, max: MOST_TIME }),
);
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ time, value }) },
  fc.record({ time, gap: fc.nat(GAP_REASONS.length - 1) }),
);
const entries = fc.oneof(
  fc.array(entry, { maxLength: 60 }),
  fc.array(fc.record({ time, value: number }), { maxLength: 60 }),
);

function runOf(list: readonly Entry[]): Run {
  const memory = new MemoryRuns();
  const run = memory.make();
  for (const each of list) {
    if ("gap" in each) memory.addGap(run, each.time, GAP_REASONS[each.gap] ?? "bad");
    else memory.addValue(run, each.time, each.value);
  }
  return memory.take(run);
}

function told(run: Run): readonly unknown[] {
  const reasons = reasonsByPlace(run);
  return run.times.map((at, index) => [at, valueAt(run, index) ?? GAP_REASONS[reasons.get(index) ?? -1]]);
}

function meant(list: readonly Entry[]): readonly unknown[] {
  const long = (each: Json): boolean => typeof each === "string" && each.length > 1_000;
  const row = (each: Entry) =>
    "gap" in each ? GAP_REASONS[each.gap] : long(each.value) ? "large" : each.value === 0 ? 0 : each.value;
  return list.map((each) => [each.time, row(each)]);
}

function bytesOf(run: Run): Buffer {
  const writer = new ByteWriter();
  writeRun(writer, run);
  return Buffer.from(writer.view());
}

describe("numbers of the codec", () => {
  test("whole numbers come back", () => {
    const whole = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constantFrom(0, 127, 128, 2 ** 53 - 1));
    fc.assert(
      fc.property(fc.array(whole), (list) => {
        const writer = new ByteWriter();
        for (const each of list) {
          writer.natural(Math.abs(each));
          if (Math.abs(each) <= 2 * MOST_INTEGER) writer.integer(each);
        }
        const reader = new ByteReader(writer.view());
        for (const each of list) {
          expect(reader.natural()).toBe(Math.abs(each));
          if (Math.abs(each) <= 2 * MOST_INTEGER) expect(reader.integer()).toBe(each === 0 ? 0 : each);
        }
        expect(reader.left).toBe(0);
      }),
    );
  });

  test("as many digits as all of them need", () => {
    expect(digitsOf([21.5, 3])).toBe(1);
    expect(digitsOf([0.1 + 0.2])).toBeUndefined();
    expect(digitsOf([-0])).toBeUndefined();
    expect(digitsOf([1e300])).toBeUndefined();
    expect(digitsOf([2 ** 51, 0.5])).toBeUndefined();
  });
});

describe("a run", () => {
  test("comes back from its bytes as it was, whatever it holds, in the order of time", () => {
    fc.assert(
      fc.property(entries, (list) => {
        const ordered = [...list].sort((a, b) => a.time - b.time);
        const run = sorted(runOf(list));
        expect(told(run)).toEqual(meant(ordered));
        const sealed = seal(bytesOf(run));
        const back = decoded(unseal(sealed) ?? Buffer.alloc(0), readRun);
        expect(back && told(back)).toEqual(meant(ordered));
      }),
      { numRuns: 400 },
    );
  });

  test("two of them together are as if they had been one", () => {
    fc.assert(
      fc.property(entries, entries, (one, other) => {
        const run = runOf(one);
        append(run, runOf(other));
        expect(told(run)).toEqual(meant([...one, ...other]));
        const [from, to] = [1_700_000_020_000, 1_700_000_080_000];
        const inside = [...one, ...other].filter((each) => each.time >= from && each.time < to);
        expect(told(within(sorted(run), from, to))).toEqual(meant(inside.sort((a, b) => a.time - b.time)));
      }),
    );
  });

  test("readings each 10 s of a sensor take less than two bytes each", () => {
    const random = seeded(3);
    const readings = Array.from({ length: 360 }, (_, index) => ({
      time: 1_700_000_000_000 + index * 10_000 + Math.round(random() * 40),
      value: Math.round((21 + Math.sin(index / 60) * 3 + random() * 0.2) * 10) / 10,
    }));
    expect(seal(bytesOf(runOf(readings))).length / 360).toBeLessThan(2);
  });

  test("bytes that are no run are refused, and never fill the memory", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), (list, place, byte) => {
        const bytes = bytesOf(sorted(runOf(list)));
        bytes[place % bytes.length] = byte;
        const back = decoded(bytes, readRun);
        if (back === undefined) return;
        expect(back.values).toHaveLength(back.times.length);
        expect(back.values.filter(Number.isNaN)).toHaveLength(back.gaps.length);
      }),
      { numRuns: 400 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decoded(bytes, readRun)));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        void decoded(bytes, (reader) => readBuckets(reader, 60_000, 0));
        expect(unseal(bytes)).toBeUndefined();
      }),
    );
  });

  test("a sealed block that lost a bit is noticed", () => {
    const block = seal(bytesOf(runOf([{ time: 5, value: 1 }])));
    for (let bit = 0; bit < block.length * 8; bit++) {
      const damaged = Buffer.from(block);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(unseal(damaged)?.equals(unseal(block) ?? Buffer.alloc(0)) === true, `bit ${bit}`).toBe(false);
    }
  });
});

/** What a tier holds, made in the simplest way. */
function plainly(
  list: readonly Entry[],
  widthMs: number,
): Map<number, { count: number; values: Json[]; gap: boolean }> {
  const found = new Map<number, { count: number; values: Json[]; gap: boolean }>();
  for (const each of [...list].sort((a, b) => a.time - b.time)) {
    const start = Math.floor(each.time / widthMs) * widthMs;
    const bucket = found.get(start) ?? { count: 0, values: [], gap: false };
    found.set(start, bucket);
    if ("gap" in each)
      bucket.gap = true; // (Never thinned here.)
    else bucket.values.push(each.value);
    bucket.count = bucket.values.length;
  }
  return found;
}

function check(buckets: Buckets, list: readonly Entry[], widthMs: number): void {
  const expected = plainly(list, widthMs);
  expect(buckets.list.map(({ start }) => start)).toEqual([...expected.keys()]);
  for (const bucket of buckets.list) {
    const { count, values, gap } = expected.get(bucket.start) ?? { count: -1, values: [], gap: false };
    expect(bucket).toMatchObject({ count, gap });
    if (buckets.kind !== "number" || count === 0) continue;
    const numbers = values.map(Number);
    expect(bucket.min).toBe(Math.min(...numbers));
    expect(bucket.max).toBe(Math.max(...numbers));
    const sum = numbers.reduce((all, each) => all + each, 0);
    expect(Math.abs(bucket.sum - sum)).toBeLessThanOrEqual(
      1e-6 * numbers.reduce((all, each) => all + Math.abs(each), 1),
    );
  }
}

const plain = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ time, value: fc.integer({ min: -999, max: 999 }).map((v) => v / 100) }),
    },
    fc.record({ time, gap: fc.constant(0) }),
  ),
  { maxLength: 80 },
);

describe("buckets", () => {
  test("folded in whatever pieces and in whatever order, they hold each value once", () => {
    fc.assert(
      fc.property(
        fc.array(plain, { maxLength: 5 }),
        fc.constantFrom(60_000, 900_000, 86_400_000),
        (pieces, width) => {
          let buckets = noBuckets();
          for (const piece of pieces) buckets = mergeBuckets(buckets, foldRun(sorted(runOf(piece)), width));
          const all = pieces.flat();
          check(buckets, all, width);
          const writer = new ByteWriter();
          writeBuckets(writer, buckets, width, 0);
          const back = decoded(writer.view(), (reader) => readBuckets(reader, width, 0));
          if (back === undefined) throw new Error("cannot be read");
          check(back, all, width);
          expect(back.list.map((bucket) => lastOf(back, bucket))).toEqual(
            buckets.list.map((bucket) => lastOf(buckets, bucket)),
          );
          check(foldBuckets(back, width, 2 * width), all, 2 * width);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("values of any kind keep their number and the latest", () => {
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 4 }), (pieces) => {
        let buckets = noBuckets();
        for (const piece of pieces) buckets = mergeBuckets(buckets, foldRun(sorted(runOf(piece)), 60_000));
        const writer = new ByteWriter();
        writeBuckets(writer, buckets, 60_000, 0);
        const back = decoded(writer.view(), (reader) => readBuckets(reader, 60_000, 0));
        const count = pieces
          .flat()
          .filter(
            (each) => "value" in each && !(typeof each.value === "string" && each.value.length > 1_000),
          ).length;
        expect(back?.list.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(count);
      }),
    );
  });

  test("the last value is the latest of its time, also when it came first", () => {
    const late = foldRun(runOf([{ time: 50_000, value: 2 }]), 60_000);
    const early = foldRun(runOf([{ time: 10_000, value: "x" }]), 60_000);
    const both = mergeBuckets(late, early);
    expect(both.list.map((bucket) => lastOf(both, bucket))).toEqual([2]);
    const number = mergeBuckets(late, foldRun(runOf([{ time: 55_000, value: 7 }]), 60_000));
    expect(number.list[0]).toMatchObject({ last: 7, min: 2, max: 7, sum: 9, count: 2 });
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
