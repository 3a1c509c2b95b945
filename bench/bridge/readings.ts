import type { Reading } from "../../protocol/src/reading.ts";

/**
 * A reading whose message has 100 bytes of payload, more or less, id and time and all: a sensor has fewer digits, and a
 * gateway a longer id.
 */
export function readingOf(thing: string, value: number, property = "air/temperature"): Reading {
  const time = Date.now();
  const precise = value + 0.123_456_789;
  return {
    thing,
    property,
    value: precise,
    quality: "good",
    time,
    receivedAt: time,
    origin: "device",
  } as Reading;
}
