import type { EpochMs } from "@tram/protocol";
import { Cron } from "croner";

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** What a wall clock on the wall and a calendar beside it show. */
export interface LocalTime {
  /** `2026-03-29`. */
  readonly date: string;
  /** 0 to 86,399. */
  readonly secondOfDay: number;
  readonly weekday: Weekday;
}

/** Reads `07:30` or `07:30:15`. @returns the second of the day, 0 to 86,399. */
export function secondOfDay(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  return hours * 3_600 + minutes * 60 + seconds;
}

/** True when the runtime knows the time zone, an IANA name such as `Asia/Ho_Chi_Minh`. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Wall-clock arithmetic of one time zone, daylight saving included. Knows no present: every moment is an argument. */
export class Calendar {
  readonly timezone: string;
  readonly #format: Intl.DateTimeFormat;
  /** Patterns already read. Croner is asked for dates only: an object without a function has no timer. */
  readonly #patterns = new Map<number, Cron>();

  /** @throws RangeError when the time zone is unknown, see {@link isTimezone}. */
  constructor(timezone: string) {
    this.timezone = timezone;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      weekday: "short",
    });
  }

  local(at: EpochMs): LocalTime {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of this.#format.formatToParts(at)) parts[type] = value;
    const name = (parts.weekday ?? "").toLowerCase();
    return {
      date: `${parts.year}-${parts.month}-${parts.day}`,
      secondOfDay: secondOfDay(`${parts.hour}:${parts.minute}:${parts.second}`),
      weekday: WEEKDAYS.find((day) => day === name) ?? "sun",
    };
  }

  /**
   * When the clock on the wall next shows a time of day.
   * A time that daylight saving leaves out counts as the first instant after the gap; one that comes twice counts the
   * first time only.
   * @param second second of the day, 0 to 86,399.
   * @returns the first such moment strictly after `after`; `undefined` beyond the end of the calendar.
   */
  next(second: number, after: EpochMs): EpochMs | undefined {
    let pattern = this.#patterns.get(second);
    if (pattern === undefined) {
      const text = `${second % 60} ${Math.floor(second / 60) % 60} ${Math.floor(second / 3_600)} * * *`;
      pattern = new Cron(text, { timezone: this.timezone, paused: true });
      this.#patterns.set(second, pattern);
    }
    return pattern.nextRun(new Date(after))?.getTime();
  }
}
