import type { Reading } from "../../protocol/src/reading.ts";

/** What the cloud gets of one reading, id, time and all, in bytes: an ordinary number has that. */
export const PAYLOAD_BYTES = 100;

/** A reading whose message has 100 bytes of payload, more or less. */
export function readingOf(thing: string, value: number, property = "air/temperature"): Reading {
  const time = Date.now();
  // Digits that a sensor would not have, and a message of the usual length has.
  return {
    thing,
    property,
    value: value + 0.125,
    quality: "good",
    time,
    receivedAt: time,
    origin: "device",
  } as Reading;
}
