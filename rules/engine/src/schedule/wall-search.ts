import type { EpochMs } from "@tram/protocol";
import { type Calendar, DAY_MS } from "../calendar.ts";

/**
 * Finds the next second of the wall that a schedule asks for: the first after `second`, both in seconds of a UTC that
 * shows what the wall shows. `undefined` when none ever comes.
 */
export type SecondSearch = (second: number) => number | undefined;

/** When and where a time of the wall came: see {@link nextOnWall}. */
export type Accept = (at: EpochMs, wall: EpochMs) => boolean;

const HOUR_SECONDS = 3_600;
/** No zone sets its clock by more at once, but for those that moved across the date line. */
const MAX_CHANGE_MS = 26 * HOUR_SECONDS * 1_000;

/**
 * Times of day: each comes once a day. One that daylight saving leaves out comes at the first instant after the gap,
 * together with others in the gap; one that the wall shows twice comes the first time only.
 */
export function nextOnWall(
  calendar: Calendar,
  after: EpochMs,
  search: SecondSearch,
  accept: Accept,
): EpochMs | undefined {
  const span = calendar.span(after);
  // While the wall shows an hour for the second time, go on where the first time ended.
  const shownBefore = span.from + calendar.span(span.from - 1).offsetMs;
  let second: number | undefined = Math.floor(
    Math.max(after + span.offsetMs, shownBefore === span.from + span.offsetMs ? 0 : shownBefore - 1) / 1_000,
  );
  for (;;) {
    second = search(second);
    if (second === undefined) return undefined;
    const at = calendar.instantOf(second * 1_000);
    if (at > after && accept(at, second * 1_000)) return at;
  }
}

/**
 * True unless the time is on a date that the calendar left out altogether, as Samoa did with 2011-12-30: such a date
 * has no times of day, and they do not come on the next one.
 */
export function isOnCalendar(calendar: Calendar, at: EpochMs, wall: EpochMs): boolean {
  const { offsetMs } = calendar.span(at);
  return at + offsetMs === wall || offsetMs - calendar.span(at - 1).offsetMs < DAY_MS;
}

/** Rhythms: whenever the wall shows a matching time, in both passes of an hour that it shows twice. */
export function nextElapsed(calendar: Calendar, after: EpochMs, search: SecondSearch): EpochMs | undefined {
  let span = calendar.span(after);
  let second = search(Math.floor((after + span.offsetMs) / 1_000));
  while (second !== undefined) {
    const at = second * 1_000 - span.offsetMs;
    if (at < span.until) return at;
    // Years ahead: no need to look at each change of the clock on the way.
    const isFar = span.until - after > MAX_CHANGE_MS && at - span.until > 2 * MAX_CHANGE_MS;
    const begin = isFar ? at - MAX_CHANGE_MS : span.until;
    const { offsetMs } = span;
    span = calendar.span(begin);
    if (isFar || span.offsetMs !== offsetMs) second = search(Math.ceil((begin + span.offsetMs) / 1_000) - 1);
  }
  return undefined;
}
