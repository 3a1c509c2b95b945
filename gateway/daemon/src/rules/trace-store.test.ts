import type { RuleId } from "@tram/protocol";
import type { Trace } from "@tram/rules";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf, DIARY_BYTES } from "./trace-cost.ts";
import { fairShare, TraceStore } from "./trace-store.ts";

const HEAT = "heat" as RuleId;

function line(time: number, more: Partial<Trace> = {}): Trace {
  return { time, trigger: "triggers[0]", outcome: "fired", checks: [], runId: `r-${time}`, ...more };
}

function look(time: number, seen: number, verdict = "not true") {
  return { time, trigger: "triggers[0]", seen, verdict };
}

describe("the diaries of rules", () => {
  test("rejections that say the same are one line, until something else happens", () => {
    const store = new TraceStore();
    store.look(HEAT, "0", look(1, 20));
    store.look(HEAT, "0", look(2, 21));
    store.look(HEAT, "1", look(3, 5));
    store.look(HEAT, "0", { ...look(4, 31), verdict: "fired", traced: true });
    store.add(HEAT, line(4));
    store.look(HEAT, "0", look(5, 22));
    expect(store.read(HEAT)).toMatchObject([
      { time: 5, outcome: "rejected", seen: 22 },
      { time: 4, outcome: "fired" },
      { time: 3, outcome: "rejected", seen: 5 },
      { time: 2, since: 1, count: 2, outcome: "rejected", seen: 21, detail: "not true" },
    ]);
    expect(store.last(HEAT)).toMatchObject({ outcome: "fired" });
  });

  test("equal refusals are counted, but an evaluation with conditions stands for itself", () => {
    const store = new TraceStore();
    const paused = (time: number): Trace => ({
      time,
      trigger: "t",
      outcome: "paused",
      detail: "it ran away",
      checks: [],
    });
    for (let time = 1; time <= 1_000; time++) store.add(HEAT, paused(time));
    expect(store.read(HEAT)).toEqual([{ ...paused(1_000), since: 1, count: 1_000 }]);
    const checks = [{ what: "conditions[0]: x", passed: false, seen: 1 }];
    store.add(HEAT, { ...line(1_001, { outcome: "condition-false", checks }), trigger: "t" });
    store.add(HEAT, { ...line(1_002, { outcome: "condition-false", checks }), trigger: "t" });
    expect(store.read(HEAT)).toHaveLength(3);
  });

  test("the line of an action tells the outcome of its command", () => {
    const store = new TraceStore();
    store.add(HEAT, line(1));
    store.add(HEAT, line(2, { outcome: "action", effect: "heat-1.1", detail: "set fan/on to true" }));
    store.outcome(HEAT, "heat-1.1", { state: "confirmed", tookMs: 120 });
    expect(store.outcome(HEAT, "heat-1.1", { state: "failed" })).toBeUndefined();
    expect(store.outcome(HEAT, "heat-9.1", { state: "failed" })).toBeUndefined();
    expect(store.read(HEAT)[0]).toMatchObject({ result: { state: "confirmed", tookMs: 120 } });
  });

  test("large values and texts are cut", () => {
    const store = new TraceStore();
    const large = "x".repeat(100_000);
    store.add(
      HEAT,
      line(1, { seen: { large }, detail: large, checks: [{ what: large, passed: true, seen: [large] }] }),
    );
    store.look(HEAT, "0", { time: 2, trigger: "t", seen: large, verdict: "not true" });
    store.look(HEAT, "0", { time: 3, trigger: "t", seen: { large }, verdict: "not true" });
    expect(JSON.stringify(store.read(HEAT)).length).toBeLessThan(3_000);
    expect(store.bytes).toBe(DIARY_BYTES + store.read(HEAT).reduce((sum, one) => sum + costOf(one), 0));
  });

  test("a chatty rule does not push out the traces of a quiet one, and says from when on it is whole", () => {
    const store = new TraceStore({ maxBytes: 100_000 });
    const quiet = "quiet" as RuleId;
    for (let time = 0; time < 20; time++) store.add(quiet, line(time));
    for (let time = 100; time < 20_000; time++) store.add(HEAT, line(time));
    expect(store.read(quiet)).toHaveLength(20);
    expect(store.completeFrom(quiet)).toBe(0);
    const kept = store.read(HEAT);
    expect(kept.length).toBeGreaterThan(200);
    expect(store.completeFrom(HEAT)).toBe((kept.at(-1)?.time ?? 0) - 1);
    store.retain((rule) => rule === quiet);
    expect(store.read(HEAT)).toEqual([]);
    expect(store.bytes).toBe(DIARY_BYTES + store.read(quiet).reduce((sum, one) => sum + costOf(one), 0));
  });

  test("whatever happens, the bound holds and nobody loses a line of the share that is theirs", () => {
    const rule = fc.constantFrom<string>("a", "b", "c", "d");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), rule, size: fc.nat(600), effect: fc.nat(3) }),
      fc.record({ kind: fc.constant("look" as const), rule, key: fc.nat(2), seen: fc.jsonValue() }),
      fc.record({ kind: fc.constant("end" as const), rule, effect: fc.nat(3), detail: fc.string() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
        const maxBytes = 20_000;
        const store = new TraceStore({ maxBytes });
        const all = new TraceStore({ maxBytes: Number.POSITIVE_INFINITY });
        // What a line is told later may be shorter: what counts is how much there has ever been.
        const most = new Map<RuleId, number>();
        for (const [time, one] of steps.entries()) {
          const id = one.rule as RuleId;
          for (const to of [store, all]) {
            if (one.kind === "add")
              to.add(id, line(time, { detail: "x".repeat(one.size), effect: `e${one.effect}` }));
            else if (one.kind === "look")
              to.look(id, String(one.key), { ...look(time, 0), seen: one.seen as never });
            else to.outcome(id, `e${one.effect}`, { state: "failed", detail: one.detail });
          }
          expect(store.bytes).toBeLessThanOrEqual(maxBytes);
          const bytes = all.read(id).reduce((sum, each) => sum + costOf(each), DIARY_BYTES);
          most.set(id, Math.max(bytes, most.get(id) ?? 0));
        }
        let sum = 0;
        for (const id of ["a", "b", "c", "d"] as RuleId[]) {
          const kept = store.read(id);
          if (store.completeFrom(id) > 0 || kept.length > 0)
            sum += kept.reduce((bytes, one) => bytes + costOf(one), 0);
          const whole = all.read(id);
          // Four rules: none of them has less than a quarter of what is left of the bound.
          if ((most.get(id) ?? 0) <= (maxBytes * 0.9) / 4) expect(kept).toEqual(whole);
          // What is kept is the newest part, without holes.
          expect(whole.map(({ time }) => time)).toEqual(expect.arrayContaining(kept.map(({ time }) => time)));
          for (const { time } of whole) {
            if (time > store.completeFrom(id)) expect(kept.map((one) => one.time)).toContain(time);
          }
        }
        expect(store.bytes).toBeGreaterThanOrEqual(sum);
      }),
      { numRuns: 100, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: true },
    );
  });
});

describe("a fair share", () => {
  test("who needs less gives to who needs more", () => {
    expect(fairShare([10, 10, 10], 100)).toBe(Number.POSITIVE_INFINITY);
    expect(fairShare([10, 1_000, 1_000], 110)).toBe(50);
    expect(fairShare([1_000, 1_000], 100)).toBe(50);
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), fc.nat(50_000), (sizes, total) => {
        const share = fairShare(sizes, total);
        const taken = sizes.reduce((sum, size) => sum + Math.min(size, share), 0);
        expect(taken).toBeLessThanOrEqual(total + 1e-6);
        if (share !== Number.POSITIVE_INFINITY) expect(taken).toBeCloseTo(total, 5);
      }),
    );
  });
});
