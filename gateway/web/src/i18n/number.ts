import type { Language } from "./language.ts";

/** What of a data schema matters for writing a number. */
export interface NumberShape {
  readonly type?: string | undefined;
  readonly multipleOf?: number | undefined;
}

/** Digits after the point for a number without a step: more is noise on a screen. */
const DEFAULT_DIGITS = 3;

/** How many digits after the point the values of a schema have, at most 6. */
export function fractionDigits(shape: NumberShape): number {
  if (shape.type === "integer") return 0;
  if (shape.multipleOf === undefined) return DEFAULT_DIGITS;
  for (let digits = 0; digits < 6; digits++) {
    const scaled = shape.multipleOf * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-9) return digits;
  }
  return 6;
}

/** Writes numbers as the language does; the formats are made once for each count of digits. */
export function createNumberFormat(language: Language): (value: number, shape: NumberShape) => string {
  const formats: Intl.NumberFormat[] = [];
  return (value, shape) => {
    const digits = fractionDigits(shape);
    formats[digits] ??= new Intl.NumberFormat(language, { maximumFractionDigits: digits });
    return formats[digits].format(value);
  };
}

/** The unit with the space that belongs before it: none before a percent or degree sign alone. */
export function spacedUnit(unit: string | undefined): string {
  if (unit === undefined || unit === "") return "";
  return unit === "%" || unit === "°" || unit === "″" || unit === "′" ? unit : `\u00a0${unit}`;
}
