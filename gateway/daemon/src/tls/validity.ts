import type { ClockTrust, EpochMs, Ms } from "@tram/protocol";

const DAY_MS: Ms = 86_400_000;
/** Clocks of devices are off. */
const SLACK_MS: Ms = DAY_MS;
/** No gateway of this program has lived before: where the clock cannot be believed, certificates begin here. */
const PROGRAM_DATE: EpochMs = Date.UTC(2026, 0, 1);

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * From when to when a certificate is valid. While nobody knows what time it is it begins in the past for sure, and its
 * days are counted from the later of what the clock says and what it must be at least.
 */
export function validityOf(now: EpochMs, trust: ClockTrust, days: number): Validity {
  const from = trust === "untrusted" ? PROGRAM_DATE : Math.max(PROGRAM_DATE, now - SLACK_MS);
  return { notBefore: new Date(from), notAfter: new Date(Math.max(now, PROGRAM_DATE) + days * DAY_MS) };
}
