import { describe, expect, test } from "vitest";
import { isMet, type Outcome, ratiosOf, samplesOf, spreadOf } from "./comparison.ts";

const rounds: readonly Outcome[] = [{ cpu: 1 }, "3 messages did not arrive", { cpu: 3 }, { other: 7 }];

test("a round without the figure gives no sample", () => {
  const samples = samplesOf(rounds, "cpu", 100);
  expect(samples).toEqual([100, undefined, 300, undefined]);
  expect(spreadOf(samples)).toEqual({ median: 100, min: 100, max: 300 });
  expect(spreadOf([undefined])).toBeUndefined();
});

test("ratios are those of the same round", () => {
  expect(ratiosOf([1, 2, undefined, 8], [2, 2, 2, undefined])).toEqual([0.5, 1]);
});

describe("a target", () => {
  test("beside mosquitto is met by the median of the ratios", () => {
    expect(isMet({ timesMosquitto: 0.3 }, [], [0.2, 0.3, 9])).toBe(true);
    expect(isMet({ timesMosquitto: 0.3 }, [], [0.2, 0.31, 0.31])).toBe(false);
    expect(isMet({ timesMosquitto: 0.3 }, [1], [])).toBeUndefined();
  });

  test("of its own is met by the median", () => {
    expect(isMet({ atMost: 20 }, [20, undefined, 90, 3], [])).toBe(true);
    expect(isMet({ atLeast: 10_000 }, [9_999, 9_999, 50_000], [])).toBe(false);
    expect(isMet({ atLeast: 1 }, [undefined], [])).toBeUndefined();
  });
});
