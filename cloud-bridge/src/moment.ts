import type { EpochMs } from "@tram/protocol";

/** The furthest moments that ECMA-262 §21.4.1.1 can write, in milliseconds from 1970. */
const LAST_MOMENT: EpochMs = 8.64e15;

/** Whether a time can be written as ISO 8601. A source may claim anything. */
export function isMoment(time: EpochMs): boolean {
  return Number.isFinite(time) && Math.abs(time) <= LAST_MOMENT;
}
