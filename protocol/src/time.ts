/** Milliseconds since 1970-01-01T00:00:00Z, as the wall clock tells it (and the wall clock may be wrong). */
export type EpochMs = number;

/** A duration in milliseconds, or a point on the monotonic clock. */
export type Ms = number;

/**
 * How far the wall clock can be believed.
 * - `untrusted`: nothing has set it since power-on; it may be years off.
 * - `holdover`: it was right once (an RTC battery, an earlier synchronisation) and drifts since.
 * - `synced`: a time source disciplines it now.
 */
export type ClockTrust = "untrusted" | "holdover" | "synced";

/** A point in time as everything persistent keeps it: enough to tell later how much time has really passed. */
export interface Instant {
  readonly wall: EpochMs;
  /** Milliseconds since the machine booted; comparable only between instants of the same `bootId`. */
  readonly monotonic: Ms;
  readonly bootId: string;
  readonly trust: ClockTrust;
}

/**
 * How much time has passed from `from` to `to`.
 * Within one boot the monotonic clock tells. Across a boot the wall clocks tell, if both could be believed; otherwise
 * nobody knows how long the power was off. The time since this boot has passed in any case, whatever the walls say.
 * @returns milliseconds, never negative.
 */
export function elapsedMs(from: Instant, to: Instant): Ms {
  if (from.bootId === to.bootId) return Math.max(0, to.monotonic - from.monotonic);
  const sinceBoot = Math.max(0, to.monotonic);
  if (from.trust === "untrusted" || to.trust === "untrusted") return sinceBoot;
  return Math.max(sinceBoot, to.wall - from.wall);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** The pattern of a written duration, for schemas: `500ms`, `2s`, `1h30m`. */
export const DURATION_PATTERN = DURATION.source;

/**
 * Reads a written duration such as `2s`, `500ms` or `1h30m`.
 * @returns milliseconds, or `undefined` when the text is not a duration, or one of more than 285,000 years.
 */
export function parseDuration(text: string): Ms | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (UNIT_MS[unit as string] as number);
  }
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined;
}

/** Writes a duration for people, rounded down: `450 ms`, `2.5 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function formatDuration(ms: Ms): string {
  if (ms < 1_000) return `${Math.trunc(ms)} ms`;
  if (ms < 60_000) return `${Math.floor(ms / 100) / 10} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}
