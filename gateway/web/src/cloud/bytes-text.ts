import type { I18n } from "../i18n/i18n.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `12.3 MB`, in powers of ten as operators count, written as the language writes numbers. */
export function bytesText(bytes: number, { number }: Pick<I18n, "number">): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  const shape = unit === 0 ? { type: "integer" } : { multipleOf: 0.1 };
  return `${number(value, shape)}\u00a0${UNITS[unit]}`;
}
