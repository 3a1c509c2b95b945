import type { EpochMs, Week } from "@tram/protocol";
import { type Calendar, DAY_MS, DAY_SECONDS, secondOfDay, WEEKDAYS, type Weekday } from "../calendar.ts";
import { writeValue } from "../describe-value.ts";
import { joinPath, type ShapeProblem } from "../shape-check.ts";
import type { Made, Schedule, Window } from "./schedule.ts";
import { nextOnWall } from "./wall-search.ts";
import { daysOfWeek, searchWeekly, secondOfWeek, WEEK_SECONDS } from "./weekly.ts";

const WORKING_DAYS = ["mon", "tue", "wed", "thu", "fri"] as const;
/** In the order of a calendar on the wall. */
const DAYS_OF_KEY: Readonly<Record<keyof Week, readonly Weekday[]>> = {
  mon: ["mon"],
  tue: ["tue"],
  wed: ["wed"],
  thu: ["thu"],
  fri: ["fri"],
  sat: ["sat"],
  sun: ["sun"],
  weekdays: WORKING_DAYS,
  weekend: ["sat", "sun"],
  daily: WEEKDAYS,
};

/** A window of the week, in seconds from Sunday at 00:00; it may end in the week after. */
interface Slot {
  readonly start: number;
  readonly end: number;
}

/** The windows of a weekly table: none touches another. One that lasts the whole week has neither start nor end. */
export type WeekTable = readonly Slot[];

/**
 * Reads a table such as `{ weekdays: ["06:00-08:30"], daily: ["22:00-24:00"] }`. A window that ends at or before its
 * start ends on the next day; windows that overlap or touch are one, over midnight and over the end of the week too.
 */
export function readWeekTable(week: Week): Made<WeekTable> {
  const problems: ShapeProblem[] = [];
  const slots: Slot[] = [];
  for (const [key, days] of Object.entries(DAYS_OF_KEY) as [keyof Week, readonly Weekday[]][]) {
    for (const [index, text] of (week[key] ?? []).entries()) {
      const [start = "", end = ""] = text.split("-");
      if (start === end) {
        const problem = `found ${writeValue(text)}, expected a window with an end; the whole day is "00:00-24:00"`;
        problems.push({ path: joinPath(key, index), problem });
        continue;
      }
      const from = secondOfDay(start);
      const to = secondOfDay(end);
      for (const day of daysOfWeek(days)) {
        slots.push({ start: day + from, end: day + to + (to <= from ? DAY_SECONDS : 0) });
      }
    }
  }
  if (problems.length === 0 && slots.length === 0) {
    problems.push({ path: "", problem: 'found no window, expected one such as mon: ["06:00-08:30"]' });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: merge(slots) };
}

function merge(slots: readonly Slot[]): WeekTable {
  const merged: Slot[] = [];
  for (const slot of [...slots].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || slot.start > last.end) merged.push(slot);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, slot.end) };
  }
  // What reaches into the next week meets the windows that this week begins with.
  for (;;) {
    const [first] = merged;
    const last = merged.at(-1);
    if (first === undefined || last === undefined || last.end < first.start + WEEK_SECONDS) return merged;
    if (first === last) return [{ start: 0, end: WEEK_SECONDS }];
    merged.shift();
    merged[merged.length - 1] = {
      start: last.start,
      end: Math.max(last.end, first.end + WEEK_SECONDS),
    };
  }
}

/**
 * Whether a moment is in a window: from the instant at which its start comes until before that of its end, see
 * `Calendar.instantOf`. A window that falls into a gap of daylight saving as a whole does not come.
 */
export function weekWindow(calendar: Calendar, table: WeekTable, text = ""): Window {
  const isInside = (at: EpochMs): boolean => {
    const shown = Math.floor((at + calendar.span(at).offsetMs) / 1_000);
    return table.some(({ end, start }) => {
      if (end - start >= WEEK_SECONDS) return true;
      // A day on, because the wall may have shown more than it shows now.
      const latest = shown + DAY_SECONDS - secondOfWeek(shown + DAY_SECONDS - start);
      return [latest, latest - WEEK_SECONDS].some(
        (begin) =>
          calendar.instantOf(begin * 1_000) <= at && at < calendar.instantOf((begin + end - start) * 1_000),
      );
    });
  };
  return { text, isInside };
}

/** The moments at which windows of a table begin, end, or both. */
export function weekEdges(
  calendar: Calendar,
  table: WeekTable,
  on: "start" | "end" | "both",
): Schedule["next"] {
  const edges = table.filter(({ end, start }) => end - start < WEEK_SECONDS);
  const search = searchWeekly(
    edges.flatMap(({ end, start }) => [
      ...(on === "end" ? [] : [start]),
      ...(on === "start" ? [] : [end % WEEK_SECONDS]),
    ]),
  );
  const { isInside } = weekWindow(calendar, edges);
  const isEdge = (at: EpochMs): boolean => {
    // Windows vanish or meet only in the gaps of daylight saving.
    if (calendar.span(at).offsetMs === calendar.span(at - DAY_MS).offsetMs) return true;
    const after = isInside(at);
    if (after === isInside(at - 1)) return false;
    return on === "both" || after === (on === "start");
  };
  return (after) => nextOnWall(calendar, after, search, isEdge);
}
