import { parseDuration } from "@tram/protocol";

export const DURATION_UNITS = ["s", "m", "h", "d"] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

const UNIT_MS: Readonly<Record<DurationUnit, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export interface DurationEntry {
  /** As it stands in the field. */
  readonly amount: string;
  readonly unit: DurationUnit;
}

/**
 * A written duration in its own unit, or in the largest that divides it: `90m` is 90 minutes, `1h30m` too.
 * What is no duration stands in the field as it is written.
 */
export function readEntry(written: unknown): DurationEntry {
  if (written === undefined || written === null) return { amount: "", unit: "s" };
  const text = String(written);
  const ms = typeof written === "string" ? parseDuration(written) : undefined;
  if (ms === undefined) {
    const [, amount = text, unit] = /^(.*[^m]|)([smhd])$/.exec(text) ?? [];
    const own = DURATION_UNITS.find((one) => one === unit);
    return own === undefined ? { amount: text, unit: "s" } : { amount, unit: own };
  }
  const [, amount = "", own] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const unit = DURATION_UNITS.find((one) => one === own);
  if (unit !== undefined) return { amount, unit };
  const best = DURATION_UNITS.findLast((one) => ms >= UNIT_MS[one] && ms % UNIT_MS[one] === 0) ?? "s";
  return { amount: String(ms / UNIT_MS[best]), unit: best };
}

/** @returns the duration as rules write it; `undefined` for an empty field; the text itself where it is no number. */
export function writeEntry({ amount, unit }: DurationEntry): string | undefined {
  const text = amount.trim().replace(",", ".");
  return text === "" ? undefined : `${text}${unit}`;
}
