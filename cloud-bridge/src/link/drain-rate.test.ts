import { expect, it } from "vitest";
import { DrainRate } from "./drain-rate.ts";

/** Acknowledges so many messages a second while so many come, and looks each second. */
function run(
  rate: DrainRate,
  options: { from: number; seconds: number; queued: number; out: number; in: number },
) {
  let queued = options.queued;
  for (let second = 0; second < options.seconds; second++) {
    for (let count = 0; count < options.out; count++) {
      queued--;
      rate.acknowledged(() => queued, options.from + second * 1_000 + (count * 1_000) / options.out);
    }
    queued += options.in;
  }
  return { queued, now: options.from + options.seconds * 1_000 };
}

it("knows nothing without a connection, and in the first seconds of one", () => {
  const rate = new DrainRate();
  rate.acknowledged(() => 5, 100);
  expect(rate.view(100, 60_000)).toEqual({});
  rate.begin(1_000, 100_000);
  const { now, queued } = run(rate, { from: 100_000, seconds: 4, queued: 1_000, out: 50, in: 0 });
  expect(rate.view(queued, now)).toEqual({});
  rate.end();
  expect(rate.view(queued, now + 60_000)).toEqual({});
});

it("tells how fast it goes, and when the queue is empty with what comes in meanwhile", () => {
  const rate = new DrainRate();
  rate.begin(10_000, 0);
  const { now, queued } = run(rate, { from: 0, seconds: 90, queued: 10_000, out: 60, in: 10 });
  const view = rate.view(queued, now);
  expect(view.ratePerS).toBeGreaterThanOrEqual(59);
  expect(view.ratePerS).toBeLessThanOrEqual(60);
  // 5,500 are left, and there are 50 fewer each second.
  expect(queued).toBe(5_500);
  expect(view.etaS).toBeGreaterThan(108);
  expect(view.etaS).toBeLessThan(113);
});

it("promises no end where the queue does not get shorter, and none of an empty one", () => {
  const rate = new DrainRate();
  rate.begin(100, 0);
  const { now, queued } = run(rate, { from: 0, seconds: 30, queued: 100, out: 20, in: 25 });
  expect(rate.view(queued, now)).toEqual({ ratePerS: 20 });
  expect(rate.view(0, now)).toEqual({ ratePerS: 20 });
});

it("forgets what is older than a minute", () => {
  const rate = new DrainRate();
  rate.begin(5_000, 0);
  const { now, queued } = run(rate, { from: 0, seconds: 30, queued: 5_000, out: 100, in: 0 });
  expect(rate.view(queued, now).etaS).toBe(20);
  expect(rate.view(queued, now + 61_000)).toEqual({ ratePerS: 0 });
});
