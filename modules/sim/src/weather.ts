import type { EpochMs } from "@tram/protocol";
import { noise, type Random } from "./seeded-random.ts";

/** The weather outside the greenhouse. */
export interface Weather {
  /** °C. */
  readonly outsideTemperature: number;
  /** Relative humidity, 0…100 %. */
  readonly outsideHumidity: number;
  /** Global radiation, W/m². */
  readonly sun: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * A day in the dry season of the tropics: sunrise at 6, most sun at 12, hottest at half past 14, coolest before sunrise.
 * @param wall wall-clock time; only the time of day counts.
 * @param utcOffsetHours what to add to UTC for the local time.
 * @param cloud share of the sky that clouds cover, 0…1.
 */
export function weatherAt(wall: EpochMs, utcOffsetHours: number, cloud: number): Weather {
  const local = wall + utcOffsetHours * HOUR_MS;
  const hour = (((local % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS;
  const warmth = Math.cos(((hour - 14.5) / 24) * 2 * Math.PI);
  const height = Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI));
  return {
    outsideTemperature: 28 + 5 * warmth - cloud,
    outsideHumidity: 70 - 18 * warmth + 5 * cloud,
    // A closed cover of clouds takes about three quarters of the radiation.
    sun: 950 * height * (1 - 0.75 * cloud),
  };
}

/**
 * Lets clouds come and go: they drift around a fifth of the sky and forget themselves in half an hour.
 * @param dtSeconds any length.
 */
export function stepClouds(cloud: number, dtSeconds: number, random: Random): number {
  const memory = Math.exp(-dtSeconds / 1_800);
  const drift = 0.15 * Math.sqrt(1 - memory * memory) * noise(random);
  return Math.min(1, Math.max(0, 0.2 + (cloud - 0.2) * memory + drift));
}
