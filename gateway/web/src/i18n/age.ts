import type { Language } from "./language.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type AgeUnit = "second" | "minute" | "hour" | "day";

/**
 * The largest unit that fits an age, and how many whole ones of it.
 * @param ageMs milliseconds; negative ages (a source whose clock is ahead) count as 0.
 */
export function splitAge(ageMs: number): { readonly count: number; readonly unit: AgeUnit } {
  const age = Math.max(0, ageMs);
  if (age < MINUTE) return { count: Math.floor(age / SECOND), unit: "second" };
  if (age < HOUR) return { count: Math.floor(age / MINUTE), unit: "minute" };
  if (age < DAY) return { count: Math.floor(age / HOUR), unit: "hour" };
  return { count: Math.floor(age / DAY), unit: "day" };
}

/** Writes ages (`12s ago`) and durations (`12 min`). */
export interface AgeFormat {
  /** @param ageMs milliseconds since then; below 2 s the text is `justNow`. */
  ago(ageMs: number): string;
  /** @param durationMs milliseconds. */
  duration(durationMs: number): string;
}

export function createAgeFormat(language: Language, justNow: string): AgeFormat {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "narrow" });
  const units = new Map<AgeUnit, Intl.NumberFormat>();
  const unitFormat = (unit: AgeUnit): Intl.NumberFormat => {
    const known =
      units.get(unit) ?? new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" });
    units.set(unit, known);
    return known;
  };
  return {
    ago(ageMs) {
      if (!(ageMs >= 2 * SECOND)) return justNow;
      const { count, unit } = splitAge(ageMs);
      return relative.format(-count, unit);
    },
    duration(durationMs) {
      const { count, unit } = splitAge(durationMs);
      return unitFormat(unit).format(count);
    },
  };
}
