import fc from "fast-check";
import { expect, test } from "vitest";
import { lttb } from "./lttb.ts";
import { chooseTier, TIERS } from "./tiers.ts";

test("the first, the last and what sticks out stay; the order too, and never more than asked", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 });
  fc.assert(
    fc.property(fc.array(finite, { maxLength: 300 }), fc.integer({ min: 3, max: 80 }), (values, count) => {
      const times = values.map((_, index) => 1_000 * index);
      const places = lttb(times, values, count);
      expect(places.length).toBe(Math.min(values.length, count));
      expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
      if (values.length === 0) return;
      expect(places[0]).toBe(0);
      expect(places.at(-1)).toBe(values.length - 1);
    }),
  );
  const flat = Array.from({ length: 1_000 }, (_, index) => (index === 613 ? 50 : 20));
  expect(
    lttb(
      flat.map((_, index) => index),
      flat,
      20,
    ),
  ).toContain(613);
});

test("a tier is as coarse as the points allow, and goes back far enough", () => {
  const day = 86_400_000;
  const now = 400 * day;
  const always = () => 0;
  const choose = (days: number, points = 500, reach: (name: string) => number = always) =>
    chooseTier({ from: now - days * day, to: now }, points, ({ name }) => reach(name)).name;
  expect([1 / 24, 1, 7, 30, 365].map((days) => choose(days))).toEqual(["raw", "1m", "15m", "15m", "15m"]);
  expect(choose(365, 100)).toBe("1d");
  expect(choose(1, 500, (name) => (name === "1m" ? now : 0))).toBe("15m");
  expect(choose(30, 500, (name) => (name === "15m" ? now - day : now))).toBe("15m");
  expect(TIERS.reduce((sum, { share }) => sum + share, 0)).toBe(1);
});
