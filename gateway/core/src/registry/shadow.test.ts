import type { Reading } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { readingOf, rowOf, shadowKey } from "./shadow.ts";

const READING = {
  thing: "shed",
  property: "air/temperature",
  value: 21.5,
  quality: "good",
  time: 1_000,
  receivedAt: 1_000,
  origin: "device",
} as unknown as Reading;

describe("a reading in the store", () => {
  test.each([
    ["told by the clock of the gateway", READING],
    ["told by a clock of its own", { ...READING, time: 400.5 }],
    ["with more to it", { ...READING, problem: "is too hot", quality: "bad", value: null }],
  ])("comes back as it was: %s", (_what, reading) => {
    const key = shadowKey(reading.thing, reading.property);
    const row = JSON.parse(JSON.stringify(rowOf(reading as Reading)));
    expect(readingOf(key, row)).toEqual(reading);
  });

  test("says nothing twice", () => {
    expect(rowOf(READING)).toEqual({ value: 21.5, quality: "good", time: 1_000, origin: "device" });
  });

  test("an older row says everything itself", () => {
    const { ...row } = READING;
    expect(readingOf("shed/air/temperature", row as never)).toEqual(READING);
  });

  test.each([
    ["shed", { value: 1 }],
    ["shed/air/temperature", null],
    ["shed/air/temperature", 7],
  ])("what is no row is none: %j %j", (key, row) => {
    expect(readingOf(key, row)).toBeUndefined();
  });
});
