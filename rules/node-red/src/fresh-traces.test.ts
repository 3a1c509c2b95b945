import fc from "fast-check";
import { expect, test } from "vitest";
import { freshTraces, TRACES_KEPT } from "./fresh-traces.ts";

const trace = (time: number, outcome = "fired") => ({ time, outcome });

test("of a rule that had none, all are new", () => {
  const { fresh, known, gap } = freshTraces([trace(2), trace(1)], []);
  expect(fresh).toEqual([trace(1), trace(2)]);
  expect(gap).toBe(false);
  expect(freshTraces([trace(2), trace(1)], known).fresh).toEqual([]);
});

test("a list that the gateway lost with its memory does not bring old ones back", () => {
  const { known } = freshTraces([trace(2), trace(1)], []);
  expect(freshTraces([], known)).toEqual({ fresh: [], known, gap: false });
  expect(freshTraces([trace(3)], known).fresh).toEqual([trace(3)]);
});

test("however they come, each is told once and in its order, as long as the gateway keeps them", () => {
  const batches = fc.array(fc.array(fc.constantFrom("fired", "finished", "held"), { maxLength: 20 }));
  fc.assert(
    fc.property(batches, (all) => {
      let kept: { time: number; outcome: string }[] = [];
      let known: readonly string[] = [];
      let time = 0;
      const happened: object[] = [];
      const told: object[] = [];
      for (const batch of all) {
        for (const outcome of batch) {
          const next = trace(time++, outcome);
          happened.push(next);
          kept = [next, ...kept].slice(0, TRACES_KEPT);
        }
        const result = freshTraces(kept, known);
        known = result.known;
        told.push(...result.fresh);
        expect(result.gap).toBe(false);
      }
      expect(told).toEqual(happened);
    }),
  );
});

test("more than the gateway keeps is a gap", () => {
  const kept = Array.from({ length: TRACES_KEPT }, (_, n) => trace(1_000 - n));
  expect(freshTraces(kept, [JSON.stringify(trace(1))])).toMatchObject({ gap: true });
});
