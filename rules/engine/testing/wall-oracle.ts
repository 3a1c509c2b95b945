import type { EpochMs } from "@tram/protocol";

/** What the wall shows in a minute, read from the runtime's own formatter, minute by minute. */
export interface ShownMinute {
  readonly at: EpochMs;
  /** As the milliseconds of a UTC that shows the same. */
  readonly wall: EpochMs;
}

const MINUTE = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Every minute from `from` until before `until`. */
export function shownMinutes(timezone: string, from: EpochMs, until: EpochMs): ShownMinute[] {
  const format =
    formats.get(timezone) ??
    new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "medium" });
  formats.set(timezone, format);
  const minutes: ShownMinute[] = [];
  for (let at = Math.ceil(from / MINUTE) * MINUTE; at < until; at += MINUTE) {
    minutes.push({ at, wall: Date.parse(`${format.format(at).replace(" ", "T")}Z`) });
  }
  return minutes;
}

/** When a rhythm comes: in each minute that shows a matching time. */
export function rhythm(minutes: readonly ShownMinute[], matches: (wall: Date) => boolean): EpochMs[] {
  return minutes.filter(({ wall }) => matches(new Date(wall))).map(({ at }) => at);
}

/**
 * When times of day come: each minute of the wall counts where it is shown first, or where the wall first shows more.
 * Those of dates that are not shown at all do not come.
 */
export function timesOfDay(minutes: readonly ShownMinute[], matches: (wall: Date) => boolean): EpochMs[] {
  const found = new Set<EpochMs>();
  const dates = new Set(minutes.map(({ wall }) => Math.floor(wall / 86_400_000)));
  let next = minutes[0]?.wall ?? 0;
  for (const { at, wall } of minutes) {
    for (; next <= wall; next += MINUTE) {
      if (matches(new Date(next)) && dates.has(Math.floor(next / 86_400_000))) found.add(at);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** Everything that a schedule says of a time. */
export function occurrences(
  schedule: { next(after: EpochMs): EpochMs | undefined },
  from: EpochMs,
  until: EpochMs,
): EpochMs[] {
  const found: EpochMs[] = [];
  let at = schedule.next(from - 1);
  while (at !== undefined && at < until) {
    found.push(at);
    if (found.length > 100_000) throw new Error("too many");
    const next = schedule.next(at);
    if (next !== undefined && next <= at) throw new Error(`${next} is not after ${at}`);
    at = next;
  }
  return found;
}
