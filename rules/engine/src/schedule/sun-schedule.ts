import { type EpochMs, type Ms, parseDuration, type SunEvent, type SunMoment } from "@tram/protocol";
import { type Calendar, DAY_MS } from "../calendar.ts";
import { writeValue } from "../describe-value.ts";
import { type Made, refuse, type Schedule, type Window } from "./schedule.ts";
import { meanNoon, type Place, solarDay, sunPassage } from "./sun.ts";

/** The dark and the bright half of the year end within it, wherever they are. */
const SEARCH_DAYS = 370;
const MAX_OFFSET_MS: Ms = 12 * 3_600_000;
/** By the mean sun, which the true one is at most 17 minutes from. */
const HALF_DAY_MS: Ms = 12 * 3_600_000 + 20 * 60_000;

/** As they come in a day. */
const ORDER: readonly SunEvent[] = ["dawn", "sunrise", "sunset", "dusk"];

interface Moment {
  readonly event: SunEvent;
  readonly offsetMs: Ms;
}

/** Reads `-30m`, `1h`. */
export function readSunMoment({ event, offset = "0s" }: SunMoment): Made<Moment> {
  const isBefore = offset.startsWith("-");
  const ms = parseDuration(isBefore ? offset.slice(1) : offset);
  if (ms === undefined || ms > MAX_OFFSET_MS) {
    return refuse(`found ${writeValue(offset)}, expected a duration of at most 12h, such as -30m`, "offset");
  }
  return { ok: true, value: { event, offsetMs: isBefore ? -ms : ms } };
}

/** Days on which the sun does not reach the event are passed over, also a whole polar winter. */
export function sunEvents(place: Place, { event, offsetMs }: Moment): Schedule["next"] {
  return (after) => {
    // An event is within half a day of its noon, by the true sun.
    const begin = Math.ceil((after - offsetMs - HALF_DAY_MS - meanNoon(place, 0)) / DAY_MS);
    for (let day = begin; day < begin + SEARCH_DAYS; day++) {
      const passage = sunPassage(place, event, day);
      if (typeof passage === "number" && passage + offsetMs > after) return passage + offsetMs;
    }
    return undefined;
  };
}

/**
 * Whether it is after one event of the sun and before another. `after` alone ends at midnight, and `before` alone begins
 * there. With both, the window lies in one day (`after: sunrise, before: sunset`) or, where the first comes later in
 * the day than the second, in one night (`after: sunset, before: sunrise`). While the sun stays above the height of an
 * event its rise counts as come and its setting as still to come; while it stays below, the other way round.
 */
export function sunWindow(
  { calendar, place }: { calendar: Calendar; place: Place },
  { after, before }: { after?: Moment | undefined; before?: Moment | undefined },
  text: string,
): Window {
  const isInside = (at: EpochMs): boolean => {
    if (after === undefined || before === undefined) {
      const shown = at + calendar.span(at).offsetMs;
      const day = solarDay(place, calendar.instantOf((Math.floor(shown / DAY_MS) + 0.5) * DAY_MS));
      const hasCome = after === undefined || at >= momentOf(place, after, day);
      return hasCome && (before === undefined || at < momentOf(place, before, day));
    }
    const nights = isNight(after, before) ? 1 : 0;
    const day = solarDay(place, at);
    return [day - 2, day - 1, day, day + 1].some(
      (one) => at >= momentOf(place, after, one) && at < momentOf(place, before, one + nights),
    );
  };
  return { text, isInside };
}

function isNight(after: Moment, before: Moment): boolean {
  const later = ORDER.indexOf(after.event) - ORDER.indexOf(before.event);
  return later > 0 || (later === 0 && after.offsetMs >= before.offsetMs);
}

/** What does not come counts as come at the midnight before that solar day, or as coming at the midnight after it. */
function momentOf(place: Place, { event, offsetMs }: Moment, day: number): EpochMs {
  const passage = sunPassage(place, event, day);
  if (typeof passage === "number") return passage + offsetMs;
  const isRise = event === "sunrise" || event === "dawn";
  return meanNoon(place, day) + ((passage === "above") === isRise ? -DAY_MS / 2 : DAY_MS / 2);
}
