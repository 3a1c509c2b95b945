import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Row, RowRing } from "./row-ring.ts";

const row = (seq: number): Row => ({ seq, time: 1_700_000_000_000 + seq, bytes: seq % 500 });

describe("RowRing", () => {
  it("behaves as an array, whatever is pushed, unshifted and shifted", () => {
    const step = fc.oneof(
      fc.constant("push" as const),
      fc.constant("unshift" as const),
      fc.constant("shift" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const ring = new RowRing();
        const model: Row[] = [];
        for (const [index, name] of steps.entries()) {
          if (name === "shift") expect(ring.shift()).toEqual(model.shift());
          else {
            ring[name](row(index));
            model[name](row(index));
          }
          expect(ring.length).toBe(model.length);
          expect(ring.head).toEqual(model[0]);
        }
      }),
    );
  });

  it("takes rows out of its middle and back in, and finds them", () => {
    const pick = fc.array(fc.nat(80), { maxLength: 30 });
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.nat(20),
        fc.array(fc.tuple(pick, fc.boolean()), { maxLength: 8 }),
        (pushed, shifted, rounds) => {
          const ring = new RowRing();
          let model: Row[] = [];
          for (let seq = 1; seq <= pushed; seq++) {
            ring.push(row(seq));
            model.push(row(seq));
          }
          for (let count = 0; count < shifted; count++) expect(ring.shift()).toEqual(model.shift());
          for (const [picked, back] of rounds) {
            const seqs = [...new Set(picked)].sort((a, b) => a - b);
            const out = model.filter(({ seq }) => seqs.includes(seq));
            expect(ring.remove(seqs)).toEqual(out);
            model = model.filter(({ seq }) => !seqs.includes(seq));
            expect(ring.length).toBe(model.length);
            for (const seq of seqs) expect(ring.has(seq)).toBe(false);
            if (!back) continue;
            ring.insert(out);
            model = [...model, ...out].sort((a, b) => a.seq - b.seq);
            for (const { seq } of model) expect(ring.has(seq)).toBe(true);
          }
          const left: (Row | undefined)[] = [];
          while (ring.length > 0) left.push(ring.shift());
          expect(left).toEqual(model);
        },
      ),
    );
  });

  it("gives memory back when it empties", () => {
    const ring = new RowRing();
    for (let seq = 1; seq <= 10_000; seq++) ring.push(row(seq));
    for (let seq = 1; seq <= 10_000; seq++) expect(ring.shift()).toEqual(row(seq));
    expect(ring.shift()).toBeUndefined();
  });
});
