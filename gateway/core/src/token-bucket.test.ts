import fc from "fast-check";
import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

test("gives the burst at once and then the rate", () => {
  const bucket = new TokenBucket(10, 5, 0);
  expect(bucket.take(5, 0)).toBe(true);
  expect(bucket.take(1, 0)).toBe(false);
  expect(bucket.take(1, 99)).toBe(false);
  expect(bucket.take(1, 100)).toBe(true);
  expect(bucket.take(1, 100)).toBe(false);
});

test("does not save more than the burst", () => {
  const bucket = new TokenBucket(10, 5, 0);
  expect(bucket.take(6, 1_000_000)).toBe(false);
  expect(bucket.take(5, 1_000_000)).toBe(true);
  expect(bucket.take(1, 1_000_000)).toBe(false);
});

test("a refusal costs nothing", () => {
  const bucket = new TokenBucket(10, 5, 0);
  expect(bucket.take(6, 0)).toBe(false);
  expect(bucket.take(5, 0)).toBe(true);
});

test("is not emptied for good, or opened, by an amount that is no number", () => {
  const bucket = new TokenBucket(10, 5, 0);
  expect(bucket.take(Number.NaN, 0)).toBe(false);
  expect(bucket.take(5, 0)).toBe(true);
  expect(bucket.take(1, 0)).toBe(false);
});

test("is full at first, and again once what was taken has come back", () => {
  const bucket = new TokenBucket(1, 2, 0);
  expect(bucket.isFull(0)).toBe(true);
  bucket.take(2, 0);
  expect([bucket.isFull(1_999), bucket.isFull(2_000)]).toEqual([false, true]);
});

test("never gives more than the burst and the rate together", () => {
  const takes = fc.array(fc.record({ wait: fc.nat(500), amount: fc.nat(8) }), { maxLength: 50 });
  fc.assert(
    fc.property(takes, (takes) => {
      const bucket = new TokenBucket(10, 5, 1_000);
      let now = 1_000;
      let given = 0;
      for (const { wait, amount } of takes) {
        now += wait;
        if (bucket.take(amount, now)) given += amount;
      }
      expect(given).toBeLessThanOrEqual(5 + ((now - 1_000) * 10) / 1_000 + 1e-9);
    }),
  );
});
