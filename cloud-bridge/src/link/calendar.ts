import type { EpochMs } from "@tram/protocol";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Days and months of one time zone. */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;

  /** @param timezone IANA name. @throws {RangeError} when nobody knows it. */
  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat("en", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
  }

  /** `2026-01-31` */
  day(at: EpochMs): string {
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, value]));
    return `${parts.get("year")?.padStart(4, "0")}-${parts.get("month")}-${parts.get("day")}`;
  }

  /** The first minute of the month after that of `at`. */
  monthEnd(at: EpochMs): EpochMs {
    const month = monthOf(this.day(at));
    let [before, after] = [at, at + 32 * DAY];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (monthOf(this.day(middle)) === month) before = middle;
      else after = middle;
    }
    return after;
  }
}

/** `2026-01` of `2026-01-31`. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}
