import { parseDuration } from "@tram/protocol";
import { MOST_TIME } from "./run.ts";

/**
 * Reads a time as people write it: `now`, `-24h` (so long ago), or ISO 8601 (`2026-01-31`, `2026-01-31T08:00:00Z`).
 * @param now in epoch milliseconds.
 * @returns epoch milliseconds, or undefined when the text is no time that a history can hold.
 */
export function parseMoment(text: string, now: number): number | undefined {
  const found = text === "now" ? now : text.startsWith("-") ? now - durationOf(text.slice(1)) : isoTime(text);
  if (Number.isNaN(found) || found > MOST_TIME) return undefined;
  // Longer ago than 1970 is as long ago as there can be something.
  return Math.max(0, Math.round(found));
}

function durationOf(text: string): number {
  return parseDuration(text) ?? Number.NaN;
}

function isoTime(text: string): number {
  // `Date.parse` takes much more than ISO 8601, and each engine something else.
  return /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}
