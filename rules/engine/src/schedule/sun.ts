import type { EpochMs, SunEvent } from "@tram/protocol";
import { DAY_MS } from "../calendar.ts";

/** A point on the Earth, in degrees: north and east are positive. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

const RADIANS = Math.PI / 180;
const J2000: EpochMs = Date.UTC(2000, 0, 1, 12);
const MINUTE_MS = 60_000;

/**
 * Height of the sun's centre over the horizon, in degrees: at sunrise and sunset its upper limb touches the horizon
 * (radius 16', refraction 34'); civil twilight reaches to 6° below.
 */
const HEIGHTS: Readonly<Record<SunEvent, number>> = {
  sunrise: -0.833,
  sunset: -0.833,
  dawn: -6,
  dusk: -6,
};

/**
 * Declination of the sun in radians and equation of time in minutes: J. Meeus, Astronomical Algorithms (1998), chapters
 * 25 (low accuracy, 0.01°) and 28, in the form of NOAA's solar calculator.
 */
function sunAt(at: EpochMs): { declination: number; equationMinutes: number } {
  const century = (at - J2000) / (36_525 * DAY_MS);
  const meanLongitude = (280.46646 + century * (36_000.76983 + century * 0.0003032)) * RADIANS;
  const anomaly = (357.52911 + century * (35_999.05029 - century * 0.0001537)) * RADIANS;
  const eccentricity = 0.016708634 - century * (0.000042037 + century * 0.0000001267);
  const center =
    Math.sin(anomaly) * (1.914602 - century * (0.004817 + century * 0.000014)) +
    Math.sin(2 * anomaly) * (0.019993 - century * 0.000101) +
    Math.sin(3 * anomaly) * 0.000289;
  const node = (125.04 - 1_934.136 * century) * RADIANS;
  const longitude = meanLongitude + (center - 0.00569 - 0.00478 * Math.sin(node)) * RADIANS;
  const meanObliquity = 23.4392911 - century * (0.0130042 + century * (0.00000016 - century * 0.0000005));
  const obliquity = (meanObliquity + 0.00256 * Math.cos(node)) * RADIANS;
  const y = Math.tan(obliquity / 2) ** 2;
  const equation =
    y * Math.sin(2 * meanLongitude) -
    2 * eccentricity * Math.sin(anomaly) +
    4 * eccentricity * y * Math.sin(anomaly) * Math.cos(2 * meanLongitude) -
    0.5 * y * y * Math.sin(4 * meanLongitude) -
    1.25 * eccentricity * eccentricity * Math.sin(2 * anomaly);
  return {
    declination: Math.asin(Math.sin(obliquity) * Math.sin(longitude)),
    equationMinutes: (4 * equation) / RADIANS,
  };
}

/**
 * Noon by the mean sun, at most 17 minutes from the true one, of a solar day: that of the UTC date `day` days after
 * 1970-01-01, at the place's longitude.
 */
export function meanNoon({ longitude }: Place, day: number): EpochMs {
  return day * DAY_MS + (720 - 4 * longitude) * MINUTE_MS;
}

/** The solar day that a moment belongs to: see {@link meanNoon}. */
export function solarDay(place: Place, at: EpochMs): number {
  return Math.round((at - meanNoon(place, 0)) / DAY_MS);
}

/** What the sun does at a height on a day: it passes it at a moment, or stays above or below for the whole day. */
export type Passage = EpochMs | "above" | "below";

/**
 * When the sun rises over or sinks below the height of an event on a solar day, see {@link meanNoon}.
 * @returns the moment, within a minute of published tables up to 72° of latitude; near the first and last days of the
 * polar day and night, where the sun all but touches the horizon, within some minutes.
 */
export function sunPassage(place: Place, event: SunEvent, day: number): Passage {
  const height = HEIGHTS[event] * RADIANS;
  const latitude = place.latitude * RADIANS;
  const side = event === "sunrise" || event === "dawn" ? -1 : 1;
  const noon = meanNoon(place, day);
  let at = noon;
  // The declination moves while the sun is on its way: four rounds settle it to a second.
  for (let round = 0; round < 4; round++) {
    const { declination, equationMinutes } = sunAt(at);
    const cosine =
      (Math.sin(height) - Math.sin(latitude) * Math.sin(declination)) /
      (Math.cos(latitude) * Math.cos(declination));
    if (cosine < -1) return "above";
    if (!(cosine <= 1)) return "below";
    const minutes = (side * 4 * Math.acos(cosine)) / RADIANS - equationMinutes;
    at = noon + minutes * MINUTE_MS;
  }
  return Math.round(at / 1_000) * 1_000;
}
