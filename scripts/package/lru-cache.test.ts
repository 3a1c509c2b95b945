import fc from "fast-check";
import { expect, test } from "vitest";
import { LRUCache } from "./lru-cache.ts";

const key = fc.integer({ min: 1, max: 6 });
const steps = fc.array(
  fc.oneof(
    fc.record({ set: key, value: fc.string() }),
    fc.record({ get: key }),
    fc.constant({ clear: true }),
  ),
);

test("keeps those that were used last, the last one first", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (max, taken) => {
      const cache = new LRUCache<number, string>({ max });
      let expected: [number, string][] = [];
      for (const step of taken) {
        if ("clear" in step) {
          cache.clear();
          expected = [];
          continue;
        }
        const at = "set" in step ? step.set : step.get;
        const known = expected.find(([each]) => each === at)?.[1];
        const used = "set" in step ? step.value : known;
        if ("set" in step) cache.set(at, step.value);
        else expect(cache.get(at)).toBe(known);
        if (used !== undefined) expected = [[at, used], ...expected.filter(([each]) => each !== at)];
        expected = expected.slice(0, max);
        expect([...cache.keys()]).toEqual(expected.map(([each]) => each));
        expect(cache.size).toBe(expected.length);
      }
    }),
  );
});
