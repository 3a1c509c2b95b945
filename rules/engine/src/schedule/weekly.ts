import { DAY_SECONDS, WEEKDAYS, type Weekday } from "../calendar.ts";
import type { SecondSearch } from "./wall-search.ts";

export const WEEK_SECONDS = 7 * DAY_SECONDS;
/** 1970-01-01 was a Thursday, and weeks are counted from Sunday here. */
const FIRST_SECOND = 4 * DAY_SECONDS;

/** @returns where in its week a second of the wall lies: 0 is Sunday at 00:00. */
export function secondOfWeek(second: number): number {
  return (((second + FIRST_SECOND) % WEEK_SECONDS) + WEEK_SECONDS) % WEEK_SECONDS;
}

/** @returns where in the week the days begin. */
export function daysOfWeek(weekdays: readonly Weekday[]): number[] {
  return weekdays.map((day) => WEEKDAYS.indexOf(day) * DAY_SECONDS);
}

/** @param seconds of the week. */
export function searchWeekly(seconds: Iterable<number>): SecondSearch {
  const sorted = [...new Set(seconds)].sort((a, b) => a - b);
  return (second) => {
    const [first] = sorted;
    if (first === undefined) return undefined;
    const place = secondOfWeek(second);
    return second - place + (sorted.find((one) => one > place) ?? first + WEEK_SECONDS);
  };
}
