import fc from "fast-check";
import { expect, test } from "vitest";
import {
  homieColor,
  isSameColor,
  isSameKelvin,
  kelvinOfMired,
  miredOfKelvin,
  partsOfColor,
} from "./color.ts";

test.each([
  ["rgb,255,0,0", "hsv,0,100,50", true],
  ["rgb,255,57,0", "rgb,255,60,0", true],
  ["rgb,200,100,50", "rgb,255,127,64", true],
  ["rgb,0,0,0", "rgb,0,0,0", true],
  ["rgb,255,0,0", "rgb,0,255,0", false],
  ["rgb,255,0,0", "rgb,255,40,0", false],
  ["rgb,0,0,0", "rgb,255,255,255", false],
  ["rgb,255,0,0", "red", false],
])("%s and %s are the same to the eye: %s", (one, other, same) => {
  expect(isSameColor(one, other)).toBe(same);
});

test("a colour that went through hue and saturation in whole numbers is the same", () => {
  const channel = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.tuple(channel, channel, channel), (rgb) => {
      const wanted = homieColor("rgb", rgb);
      const [hue = 0, saturation = 0] = partsOfColor(wanted, "hsv");
      const reported = homieColor("rgb", partsOfColor(`hsv,${hue},${saturation},100`, "rgb"));
      return Math.max(...rgb) === 0 || isSameColor(wanted, reported);
    }),
  );
});

test("kelvins that are one mired are the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 20_000 }), (kelvin) => {
      expect(isSameKelvin(kelvin, kelvinOfMired(miredOfKelvin(kelvin)))).toBe(true);
    }),
  );
  expect(isSameKelvin(2_700, 2_800)).toBe(false);
  expect(isSameKelvin(2_700, Number.NaN)).toBe(false);
  expect([0, -1, Number.NaN].map(kelvinOfMired)).toEqual([undefined, undefined, undefined]);
});
