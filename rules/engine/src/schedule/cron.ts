import { DAY_MS, DAY_SECONDS, weekdayOf } from "../calendar.ts";
import { type Made, refuse } from "./schedule.ts";
import type { SecondSearch } from "./wall-search.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Words for the numbers from `min` on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: "seconds", min: 0, max: 59 },
  { name: "minutes", min: 0, max: 59 },
  { name: "hours", min: 0, max: 23 },
  { name: "day", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, names: MONTHS },
  // 7 is Sunday as well, so that 6-7 is a range.
  { name: "weekday", min: 0, max: 7, names: DAYS },
];
const MAX_LENGTH = 128;
/** 29 February comes after eight years at the latest. */
const SEARCH_DAYS = 8 * 366 + 31;
/** Bit that stands for the last day of a month, whichever that is. */
const LAST_DAY = 0;

export interface CronPattern {
  /** The first matching second of the wall. */
  readonly search: SecondSearch;
  /**
   * It is a rhythm rather than times of day: seconds, minutes or hours begin with `*`, or step to the end. The same
   * distinction is made by the cron of Unix systems.
   */
  readonly isRhythm: boolean;
}

/**
 * Reads `minute hour day month weekday`, or six fields with seconds in front: lists, ranges, steps, English names of
 * three letters, 7 for Sunday, and `L` for the last day of the month. Where day and weekday are both narrowed either of
 * them will do, as POSIX says; one that begins with a star narrows together with the other, as in the cron of Vixie.
 */
export function parseCron(text: string): Made<CronPattern> {
  if (text.length > MAX_LENGTH) {
    return refuse(`found ${text.length} characters, expected at most ${MAX_LENGTH}`);
  }
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words.length !== 5 && words.length !== 6) {
    return refuse(
      `found ${text.trim() === "" ? 0 : words.length} fields, expected 5 (minutes hours day month weekday) or 6 (seconds in front)`,
    );
  }
  if (words.length === 5) words.unshift("0");
  const sets: number[][] = [];
  for (const [index, field] of FIELDS.entries()) {
    const set = readField(words[index] ?? "", field);
    if (typeof set === "string") return refuse(set);
    sets.push(set);
  }
  const [seconds = [], minutes = [], hours = [], days = [], months = [], weekdays = []] = sets;
  const matchesDay = dayTest(mask(days), mask(months), mask(weekdays.map((day) => day % 7)), {
    either: !words[3]?.startsWith("*") && !words[5]?.startsWith("*"),
  });
  const first = timeOf(hours[0], minutes[0], seconds[0]);
  const search: SecondSearch = (second) => {
    const start = second + 1;
    let day = Math.floor(start / DAY_SECONDS);
    if (matchesDay(day) === true) {
      const time = nextTime(start - day * DAY_SECONDS, hours, minutes, seconds);
      if (time !== undefined) return day * DAY_SECONDS + time;
    }
    const end = day + SEARCH_DAYS;
    for (day++; day < end; ) {
      const found = matchesDay(day);
      if (found === true) return day * DAY_SECONDS + first;
      day = found === false ? day + 1 : found;
    }
    return undefined;
  };
  const isRhythm = words.slice(0, 3).some((word) => /(?:^|,)(?:\*|\d+\/)/.test(word));
  return { ok: true, value: { search, isRhythm } };
}

/** @returns the numbers that a field stands for in their order, or what is wrong with it. */
function readField(word: string, field: Field): number[] | string {
  const { max, min, name } = field;
  const found = new Set<number>();
  for (const item of word.split(",")) {
    if (item === "l" && name === "day") {
      found.add(LAST_DAY);
      continue;
    }
    const [, from = "", to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d{1,2}))?$/.exec(item) ?? [];
    const low = from === "*" ? min : numberOf(from, field);
    const high = to !== undefined ? numberOf(to, field) : from === "*" || step !== undefined ? max : low;
    if (low === undefined || high === undefined || (from === "*" && to !== undefined)) {
      return `found ${name} "${item.slice(0, 40)}", expected ${describeField(field)}`;
    }
    const end = name === "weekday" && high < low && high === 0 ? 7 : high;
    if (end < low) return `found ${name} "${item}", expected a range that ends after it begins`;
    if (step !== undefined && Number(step) === 0)
      return `found ${name} "${item}", expected a step of at least 1`;
    const last = name === "weekday" && to === undefined && end === 7 && low < 7 ? 6 : end;
    for (let value = low; value <= last; value += Number(step ?? 1)) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

function numberOf(word: string, { max, min, names }: Field): number | undefined {
  const named = names?.indexOf(word) ?? -1;
  const value = named >= 0 ? named + min : /^\d{1,2}$/.test(word) ? Number(word) : -1;
  return value >= min && value <= max ? value : undefined;
}

function describeField({ max, min, name, names }: Field): string {
  const words = names === undefined ? "" : `, ${names[0]} to ${names.at(-1)}`;
  return `*, ${min} to ${max}${words}, a range, a step such as */2${name === "day" ? ", or L" : ""}`;
}

function mask(values: readonly number[]): number {
  return values.reduce((bits, value) => bits | (1 << value), 0);
}

/** @returns a test of days since 1970: whether it matches, or the next day that is worth a look. */
function dayTest(
  days: number,
  months: number,
  weekdays: number,
  { either }: { either: boolean },
): (day: number) => boolean | number {
  return (day) => {
    const date = new Date(day * DAY_MS);
    const month = date.getUTCMonth();
    if ((months & (1 << (month + 1))) === 0) {
      return Date.UTC(date.getUTCFullYear(), month + 1) / DAY_MS;
    }
    const ofMonth = date.getUTCDate();
    const byDate =
      (days & (1 << ofMonth)) !== 0 ||
      ((days & (1 << LAST_DAY)) !== 0 && new Date((day + 1) * DAY_MS).getUTCDate() === 1);
    const byWeekday = (weekdays & (1 << weekdayOf(day))) !== 0;
    return either ? byDate || byWeekday : byDate && byWeekday;
  };
}

function nextTime(
  from: number,
  hours: readonly number[],
  minutes: readonly number[],
  seconds: readonly number[],
): number | undefined {
  const hour = Math.floor(from / 3_600);
  const minute = Math.floor(from / 60) % 60;
  if (hours.includes(hour)) {
    const second = minutes.includes(minute) ? seconds.find((one) => one >= from % 60) : undefined;
    if (second !== undefined) return timeOf(hour, minute, second);
    const later = minutes.find((one) => one > minute);
    if (later !== undefined) return timeOf(hour, later, seconds[0]);
  }
  const later = hours.find((one) => one > hour);
  return later === undefined ? undefined : timeOf(later, minutes[0], seconds[0]);
}

function timeOf(hour = 0, minute = 0, second = 0): number {
  return hour * 3_600 + minute * 60 + second;
}
