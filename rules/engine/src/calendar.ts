import type { EpochMs, Ms } from "@tram/protocol";

/** As `Date` counts them. */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export const DAY_MS: Ms = 86_400_000;
export const DAY_SECONDS = 86_400;

/** How the clock on the wall stands to UTC for a while: it shows `at + offsetMs`, from `from` until before `until`. */
export interface OffsetSpan {
  readonly from: EpochMs;
  /** Where the offset changes, or only where the calendar looks next. */
  readonly until: EpochMs;
  readonly offsetMs: Ms;
}

/** What a wall clock on the wall and a calendar beside it show. */
export interface LocalTime {
  /** `2026-03-29`. */
  readonly date: string;
  /** 0 to 86,399. */
  readonly secondOfDay: number;
  readonly weekday: Weekday;
}

/** The offsets of this much time are looked up together. No zone changes its clock twice within it. */
const CHUNK_MS: Ms = 6 * DAY_MS;
/** About 20 years: more is forgotten and looked up again. */
const MAX_CHUNKS = 1_200;
/** No clock is further from UTC: local mean times of long ago were up to 15 h 13 min. */
const MAX_OFFSET_MS: Ms = 16 * 3_600_000;
/** The years 1 to 9999, in which dates are written with four digits. */
const FIRST: EpochMs = Date.parse("0001-01-02T00:00:00Z");
const LAST: EpochMs = Date.UTC(9_999, 11);

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

/**
 * Wall-clock arithmetic of one time zone, daylight saving included. Knows no present: every moment is an argument.
 * What the clock on the wall shows is a number here too, the milliseconds of a UTC that would show the same.
 */
export class Calendar {
  readonly timezone: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #chunks = new Map<number, readonly OffsetSpan[]>();

  /** @throws RangeError when the time zone is unknown, see {@link isTimezone}. */
  constructor(timezone: string) {
    this.timezone = timezone;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  local(at: EpochMs): LocalTime {
    const wall = Math.floor((at + this.span(at).offsetMs) / 1_000);
    const day = Math.floor(wall / DAY_SECONDS);
    return {
      date: new Date(day * DAY_MS).toISOString().slice(0, 10),
      secondOfDay: wall - day * DAY_SECONDS,
      weekday: WEEKDAYS[weekdayOf(day)] ?? "sun",
    };
  }

  /** The stretch of one offset that a moment lies in. */
  span(at: EpochMs): OffsetSpan {
    const index = Math.floor(at / CHUNK_MS);
    let spans = this.#chunks.get(index);
    if (spans === undefined) {
      spans = this.#look(index * CHUNK_MS);
      if (this.#chunks.size >= MAX_CHUNKS) this.#chunks.clear();
      this.#chunks.set(index, spans);
    }
    return (spans.find(({ until }) => at < until) ?? spans.at(-1)) as OffsetSpan;
  }

  /**
   * The first moment at which the clock on the wall shows `wall` or, where daylight saving leaves that out, more.
   * Never falls as `wall` grows.
   */
  instantOf(wall: EpochMs): EpochMs {
    let span = this.span(wall - MAX_OFFSET_MS);
    while (wall - span.offsetMs >= span.until) span = this.span(span.until);
    return Math.max(span.from, wall - span.offsetMs);
  }

  #look(from: EpochMs): OffsetSpan[] {
    const until = from + CHUNK_MS;
    const before = this.#offset(from);
    const after = this.#offset(until - 1_000);
    if (before === after) return [{ from, until, offsetMs: before }];
    let low = from;
    let high = until - 1_000;
    while (high - low > 1_000) {
      const middle = low + Math.floor((high - low) / 2_000) * 1_000;
      if (this.#offset(middle) === before) low = middle;
      else high = middle;
    }
    return [
      { from, until: high, offsetMs: before },
      { from: high, until, offsetMs: after },
    ];
  }

  /** @param at a whole second. */
  #offset(at: EpochMs): Ms {
    const inside = Math.min(Math.max(at, FIRST), LAST);
    // `3/29/2026, 02:30:00`
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (
      this.#format.format(inside).match(/\d+/g) ?? []
    ).map(Number);
    const shown = new Date(0);
    shown.setUTCFullYear(year, month - 1, day);
    return shown.setUTCHours(hour, minute, second) - inside;
  }
}

/** @param day days since 1970-01-01, a Thursday. @returns 0 (Sunday) to 6. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}
