import { expect, it } from "vitest";
import { connectBytes, messageBytes, silenceBytes } from "./line-bytes.ts";

it("a message costs itself, its acknowledgement, and headers both ways", () => {
  expect(messageBytes(150, { tls: false })).toBe(150 + 40 + 4 + 40);
  expect(messageBytes(150, { tls: true })).toBe(150 + 40 + 29 + 4 + 40 + 29);
});

it("a silent month costs its keep-alives", () => {
  const month = 30 * 86_400_000;
  const cost = (keepaliveS: number, tls: boolean): number => silenceBytes(month, { keepaliveS, tls }) / 1e6;
  expect(cost(30, false)).toBeCloseTo(10.7, 1);
  expect(cost(30, true)).toBeCloseTo(15.7, 1);
  expect(cost(120, true)).toBeCloseTo(3.9, 1);
  expect(silenceBytes(29_999, { keepaliveS: 30, tls: true })).toBe(0);
  expect(silenceBytes(month, { keepaliveS: 0, tls: true })).toBe(0);
});

it("connecting costs more with certificates", () => {
  expect(connectBytes({ tls: true })).toBeGreaterThan(connectBytes({ tls: false }) * 10);
});
