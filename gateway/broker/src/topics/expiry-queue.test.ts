import fc from "fast-check";
import { expect, test } from "vitest";
import { type Expiring, ExpiryQueue } from "./expiry-queue.ts";

test("gives the earliest first, whatever was added and removed", () => {
  const act = fc.oneof(
    { arbitrary: fc.record({ add: fc.nat(1_000) }), weight: 2 },
    { arbitrary: fc.record({ removeAt: fc.nat(50) }), weight: 1 },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 150 }), (acts) => {
      const queue = new ExpiryQueue<Expiring>();
      const list: Expiring[] = [];
      for (const act of acts) {
        if ("add" in act) {
          const item = { expiresAt: act.add, queueIndex: 0 };
          queue.add(item);
          list.push(item);
        } else if (list.length > 0) {
          for (const item of list.splice(act.removeAt % list.length, 1)) queue.remove(item);
        }
        expect(queue.size).toBe(list.length);
        expect(queue.first?.expiresAt).toBe(list.map((it) => it.expiresAt).sort((a, b) => a - b)[0]);
      }
      expect(drain(queue)).toEqual(list.map((it) => it.expiresAt).sort((a, b) => a - b));
    }),
    { numRuns: 500 },
  );
});

test("stays in order when many leave from the middle", () => {
  const moments = fc.array(fc.nat(1_000), { minLength: 30, maxLength: 60 });
  fc.assert(
    fc.property(moments, fc.array(fc.nat(60), { minLength: 10, maxLength: 30 }), (moments, leaving) => {
      const queue = new ExpiryQueue<Expiring>();
      const list = moments.map((expiresAt) => ({ expiresAt, queueIndex: 0 }));
      for (const item of list) queue.add(item);
      for (const at of leaving) for (const item of list.splice(at % list.length, 1)) queue.remove(item);
      expect(drain(queue)).toEqual(list.map((it) => it.expiresAt).sort((a, b) => a - b));
    }),
    { numRuns: 500 },
  );
});

function drain(queue: ExpiryQueue<Expiring>): number[] {
  const order: number[] = [];
  for (let first = queue.first; first !== undefined; first = queue.first) {
    order.push(first.expiresAt);
    queue.remove(first);
  }
  return order;
}
