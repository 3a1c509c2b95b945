import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "./fifo.ts";

test("gives what an array gives", () => {
  const step = fc.oneof({ weight: 5, arbitrary: fc.nat() }, { weight: 4, arbitrary: fc.constant("shift") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const each of steps) {
        if (typeof each === "number") {
          fifo.push(each);
          model.push(each);
        } else expect(fifo.shift()).toBe(model.shift());
        expect([fifo.length, fifo.first]).toEqual([model.length, model[0]]);
      }
      fifo.clear();
      expect([fifo.length, fifo.shift()]).toEqual([0, undefined]);
    }),
  );
});
