import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryRuns } from "./memory-runs.ts";
import type { Run } from "./run.ts";
import { Thinning } from "./thinning.ts";

function runOf(values: readonly (number | undefined)[], from: number): Run {
  const memory = new MemoryRuns();
  const run = memory.make();
  for (const [index, value] of values.entries()) {
    if (value === undefined) memory.addGap(run, from + index, "bad");
    else memory.addValue(run, from + index, value);
  }
  return memory.take(run);
}

test("in whatever pieces they come: in order, not too many, and real readings", () => {
  const value = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -99, max: 99 }) }, fc.constant(undefined));
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { maxLength: 60 }), { maxLength: 5 }),
      fc.integer({ min: 3, max: 40 }),
      (pieces, points) => {
        const all = pieces.flat();
        const thinning = new Thinning({ from: 1_000, to: 1_000 + all.length }, points);
        let at = 1_000;
        for (const piece of pieces) {
          thinning.add(runOf(piece, at));
          at += piece.length;
        }
        const kept = thinning.points();
        const known = all.filter((each) => each !== undefined).length;
        expect(thinning.read).toBe(known);
        expect(kept.times).toHaveLength(Math.min(points, known));
        expect(kept.times).toEqual([...new Set(kept.times)].sort((a, b) => a - b));
        for (const [index, time] of kept.times.entries()) expect(kept.values[index]).toBe(all[time - 1_000]);
      },
    ),
  );
});

test("of very many, the one that sticks out stays, wherever it is, and memory does not grow with them", () => {
  for (const place of [17, 60_001, 99_998]) {
    const thinning = new Thinning({ from: 0, to: 100_000 }, 50);
    for (let from = 0; from < 100_000; from += 1_000) {
      thinning.add(
        runOf(
          Array.from({ length: 1_000 }, (_, index) => (from + index === place ? -40 : (from + index) % 3)),
          from,
        ),
      );
    }
    const kept = thinning.points();
    expect(kept.times).toHaveLength(50);
    expect(kept.times).toContain(place);
  }
});
