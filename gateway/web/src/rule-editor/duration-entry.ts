import { parseDuration } from "@tram/protocol";

export const DURATION_UNITS = ["s", "m", "h", "d"] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

const UNIT_MS: Readonly<Record<DurationUnit, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export interface DurationEntry {
  /** As it stands in the field. */
  readonly amount: string;
  readonly unit: DurationUnit;
}

/** A written duration in the largest unit that divides it: `90m` is 90 minutes, `1h30m` too. */
export function readEntry(written: unknown): DurationEntry {
  const ms = typeof written === "string" ? parseDuration(written) : undefined;
  if (ms === undefined) return { amount: "", unit: "s" };
  const own = /^(?:\d+(?:\.\d+)?)([smhd])$/.exec(String(written))?.[1] as DurationUnit | undefined;
  const unit =
    own ?? [...DURATION_UNITS].reverse().find((one) => ms >= UNIT_MS[one] && ms % UNIT_MS[one] === 0) ?? "s";
  return { amount: String(ms / UNIT_MS[unit]), unit };
}

/** @returns the duration as rules write it; `undefined` for an empty field; the text itself where it is no number. */
export function writeEntry({ amount, unit }: DurationEntry): string | undefined {
  const text = amount.trim().replace(",", ".");
  return text === "" ? undefined : `${text}${unit}`;
}
