import fc from "fast-check";
import { LRUCache as Original } from "lru-cache";
import { expect, test } from "vitest";
import { LRUCache } from "./lru-cache.ts";

test("does what the package does that it stands for", () => {
  const key = fc.integer({ min: 1, max: 6 });
  const steps = fc.array(
    fc.oneof(
      fc.record({ set: key, value: fc.string() }),
      fc.record({ get: key }),
      fc.constant({ clear: true }),
    ),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (max, taken) => {
      const pair = [new LRUCache<number, string>({ max }), new Original<number, string>({ max })];
      for (const step of taken) {
        const [ours, theirs] = pair.map((cache) => {
          if ("set" in step) cache.set(step.set, step.value);
          else if ("clear" in step) cache.clear();
          const got = "get" in step ? cache.get(step.get) : undefined;
          return { got, keys: [...cache.keys()], size: cache.size };
        });
        expect(ours).toEqual(theirs);
      }
    }),
  );
});
