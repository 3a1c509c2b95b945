import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lane } from "./lane.ts";
import { LaneHeap } from "./lane-heap.ts";

describe("LaneHeap", () => {
  it("gives the lane with the oldest first row, also after lanes have moved on or gone back", () => {
    const step = fc.record({ lane: fc.nat(4), act: fc.constantFrom("add", "drop", "return", "pop") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new LaneHeap();
        const lanes = Array.from({ length: 5 }, (_, index) => new Lane("telemetry", String(index)));
        const inside = new Set<Lane>();
        let last = 1_000;
        let first = 1_000;
        for (const { lane: index, act } of steps) {
          const lane = lanes[index] as Lane;
          if (act === "pop") {
            const candidates = [...inside].filter((one) => one.waiting.length > 0);
            const expected = candidates.sort((a, b) => head(a) - head(b))[0];
            expect(heap.pop()).toBe(expected);
            if (expected !== undefined) inside.delete(expected);
            for (const one of [...inside]) if (one.waiting.length === 0) inside.delete(one);
            continue;
          }
          if (act === "add") lane.waiting.push({ seq: ++last, time: 0, bytes: 0 });
          if (act === "return") lane.waiting.unshift({ seq: --first, time: 0, bytes: 0 });
          if (act === "drop") {
            lane.waiting.shift();
            continue;
          }
          heap.push(lane);
          if (lane.waiting.length > 0) inside.add(lane);
        }
      }),
    );
  });
});

function head(lane: Lane): number {
  return lane.waiting.head?.seq ?? Number.POSITIVE_INFINITY;
}
