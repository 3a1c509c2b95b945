import { type EpochMs, type Ms, parseDuration } from "@tram/protocol";
import { type Calendar, secondOfDay } from "../calendar.ts";

const DAY_MS: Ms = 86_400_000;
/** Monday, 2026-01-05: when a test begins that does not say. */
const FIRST_DAY = "2026-01-05";
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ISO = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?$/;
const WEEKDAY_TIME = /^(?:([a-z]{3}) )?(\d\d:\d\d(?::\d\d)?)$/;

/**
 * When a test begins.
 * @param text as `TEST_START_PATTERN` of the protocol has it; a time of day is that of a fixed Monday or of the weekday
 *   after it.
 * @returns `undefined` for a day that no calendar has, and for a time that daylight saving leaves out of it.
 */
export function startOf(text: string | undefined, calendar: Calendar): EpochMs | undefined {
  const iso = ISO.exec(text ?? "");
  if (iso !== null) {
    const [, date = "", time = "", zone] = iso;
    if (zone === undefined) return localMoment(date, time, calendar);
    const at = Date.parse(text ?? "");
    return Number.isNaN(at) ? undefined : at;
  }
  const [, weekday = "mon", time = "00:00"] = WEEKDAY_TIME.exec(text ?? "") ?? [];
  const date = new Date(Date.parse(FIRST_DAY) + Math.max(0, WEEKDAYS.indexOf(weekday)) * DAY_MS);
  return localMoment(date.toISOString().slice(0, 10), time, calendar);
}

/** When the calendar shows a day and a time on it. */
function localMoment(date: string, time: string, calendar: Calendar): EpochMs | undefined {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight)) return undefined;
  const at = calendar.instantOf(midnight + secondOfDay(time) * 1_000);
  const found = calendar.local(at);
  return found.date === date && found.secondOfDay === secondOfDay(time) ? at : undefined;
}

/** A point of a test: so long after its beginning, or on the wall clock. */
export type Point = { readonly elapsedMs: Ms } | { readonly secondOfDay: number };

export function pointOf(text: string): Point {
  const elapsedMs = parseDuration(text);
  return elapsedMs === undefined ? { secondOfDay: secondOfDay(text) } : { elapsedMs };
}

/** Time since the beginning, for people: `0:00:10`, `26:05:00.250`. */
export function writeElapsed(ms: Ms): string {
  const rest = Math.round(ms) % 1_000;
  const seconds = Math.floor(Math.round(ms) / 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const text = `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return rest === 0 ? text : `${text}.${String(rest).padStart(3, "0")}`;
}

/** A moment on the wall clock, for people: `mon 06:02:00`. */
export function writeWall(at: EpochMs, calendar: Calendar): string {
  const { secondOfDay: second, weekday } = calendar.local(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${weekday} ${two(Math.floor(second / 3_600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
}

/** When the clock on the wall next shows a time of day, or shows it now. */
export function nextTimeOfDay(calendar: Calendar, second: number, from: EpochMs): EpochMs {
  const midnight = Date.parse(`${calendar.local(from).date}T00:00:00Z`);
  for (let day = 0; ; day++) {
    const at = calendar.instantOf(midnight + day * DAY_MS + second * 1_000);
    if (at >= from) return at;
  }
}
