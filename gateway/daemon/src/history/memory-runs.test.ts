import type { Json } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MemoryRun, MemoryRuns } from "./memory-runs.ts";
import { GAP_REASONS, type Run, reasonsByPlace, valueAt } from "./run.ts";

/** What was put into a run, as it is to come out. */
type Told = readonly [time: number, what: Json | undefined][];

function told(run: Run): Told {
  const reasons = reasonsByPlace(run);
  return run.times.map((at, index) => [at, valueAt(run, index) ?? GAP_REASONS[reasons.get(index) ?? -1]]);
}

const RUNS = 5;
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -50, max: 50 }) },
  fc.boolean(),
  fc.constantFrom("on", "off"),
  fc.constant({ r: 1 }),
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ run: fc.nat(RUNS - 1), value }) },
  fc.record({ run: fc.nat(RUNS - 1), gap: fc.constantFrom(...GAP_REASONS) }),
  fc.record({ run: fc.nat(RUNS - 1), take: fc.boolean() }),
);

describe("many runs in one memory", () => {
  test("each gives back what it was given, whatever the others do", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = new MemoryRuns();
        const runs = Array.from({ length: RUNS }, () => memory.make());
        const meant: [number, Json | undefined][][] = runs.map(() => []);
        for (const [time, each] of steps.entries()) {
          const [run, list] = [runs[each.run] as MemoryRun, meant[each.run] ?? []];
          if ("gap" in each) {
            memory.addGap(run, time, each.gap);
            list.push([time, each.gap]);
          } else if ("value" in each) {
            memory.addValue(run, time, each.value);
            list.push([time, each.value]);
          } else {
            const taken = memory.take(run);
            expect(told(taken)).toEqual(list);
            // It could not be written: back with it.
            if (each.take) list.splice(0);
            else memory.put(run, taken);
          }
          expect(run.length).toBe(list.length);
        }
        expect(runs.map((run) => told(memory.read(run)))).toEqual(meant);
        expect(memory.entries).toBe(meant.flat().length);
        expect(runs.map((run) => told(memory.take(run)))).toEqual(meant);
        expect([memory.entries, memory.bytes]).toEqual([0, 0]);
      }),
    );
  });

  test("places are used again: a thousand windows take the memory of one", () => {
    const memory = new MemoryRuns();
    const runs = Array.from({ length: 1_000 }, () => memory.make());
    const fill = (): void => {
      for (const run of runs) for (let time = 0; time < 12; time++) memory.addValue(run, time, time / 10);
    };
    fill();
    const { bytes } = memory;
    expect(bytes).toBeLessThan(25 * memory.entries);
    for (let window = 0; window < 100; window++) {
      // What comes while a window is written is in the memory beside it.
      for (const run of runs) {
        memory.take(run);
        memory.addValue(run, 0, 1);
      }
      for (const run of runs) for (let time = 1; time < 12; time++) memory.addValue(run, time, time / 10);
    }
    expect(memory.entries).toBe(12_000);
    expect(memory.bytes).toBe(bytes);
  });

  test("a text that is too long is a gap", () => {
    const memory = new MemoryRuns();
    const run = memory.make();
    memory.addValue(run, 1, "x".repeat(2_000));
    memory.addValue(run, 2, 3);
    expect(told(memory.read(run))).toEqual([
      [1, "large"],
      [2, 3],
    ]);
  });
});
