import type { Language } from "./language.ts";

/** Writes points in time in the gateway's time zone, which is the one its rules run in. */
export interface InstantFormat {
  /** The time of day if `iso` lies on the day of `nowMs`, else with the date. */
  short(iso: string, nowMs: number): string;
  /** The day, with its year. */
  date(iso: string): string;
  /** Date and time with seconds. */
  full(iso: string): string;
}

/**
 * @param timezone IANA name as the gateway is configured; one that this browser does not know counts as the
 * browser's own.
 */
export function createInstantFormat(language: Language, timezone?: string): InstantFormat {
  const clock: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const time = lazyFormat(language, timezone, clock);
  const dayAndTime = lazyFormat(language, timezone, { day: "numeric", month: "short", ...clock });
  const full = lazyFormat(language, timezone, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
  const date = lazyFormat(language, timezone, { dateStyle: "medium" });
  const day = lazyFormat("en", timezone, { dateStyle: "short" });
  return {
    short(iso, nowMs) {
      const at = Date.parse(iso);
      if (Number.isNaN(at)) return iso;
      return day().format(at) === day().format(nowMs) ? time().format(at) : dayAndTime().format(at);
    },
    date(iso) {
      const at = Date.parse(iso);
      return Number.isNaN(at) ? iso : date().format(at);
    },
    full(iso) {
      const at = Date.parse(iso);
      return Number.isNaN(at) ? iso : full().format(at);
    },
  };
}

/** A format that is made when it is first used: each costs milliseconds. */
function lazyFormat(
  language: string,
  timezone: string | undefined,
  options: Intl.DateTimeFormatOptions,
): () => Intl.DateTimeFormat {
  let format: Intl.DateTimeFormat | undefined;
  return () => {
    const timeZone = format === undefined ? knownZone(timezone) : undefined;
    format ??= new Intl.DateTimeFormat(language, {
      ...options,
      ...(timeZone === undefined ? {} : { timeZone }),
    });
    return format;
  };
}

function knownZone(timezone: string | undefined): string | undefined {
  if (timezone === undefined) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: timezone }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
