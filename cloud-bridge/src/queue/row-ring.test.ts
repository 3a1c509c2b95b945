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

  it("gives memory back when it empties", () => {
    const ring = new RowRing();
    for (let seq = 1; seq <= 10_000; seq++) ring.push(row(seq));
    for (let seq = 1; seq <= 10_000; seq++) expect(ring.shift()).toEqual(row(seq));
    expect(ring.shift()).toBeUndefined();
  });
});
