import type { Clock, CloudCommand } from "@tram/core";
import { formatDuration, type Ms } from "@tram/protocol";

/** How far the clock of a cloud may be ahead of ours. */
const AHEAD_MS: Ms = 60_000;

export type RequestLife =
  | { readonly ok: true; readonly leftMs: Ms }
  /** Why it is too late. */
  | { readonly ok: false; readonly reason: string };

/**
 * How long a command of a cloud may still wait. What says when it was given is measured by the clock; while nobody knows
 * whether that is right, such a command is refused: a pump must not start because the gateway believes that it is
 * yesterday.
 * @param ttlMs how old a command may be.
 */
export function requestLife(
  request: Pick<CloudCommand, "givenAt" | "expiresAt" | "ttlMs">,
  { clock, ttlMs }: { readonly clock: Pick<Clock, "now" | "trust">; readonly ttlMs: Ms },
): RequestLife {
  const { givenAt, expiresAt } = request;
  let leftMs = Math.min(ttlMs, request.ttlMs ?? Number.POSITIVE_INFINITY);
  if (givenAt !== undefined || expiresAt !== undefined) {
    if (clock.trust === "untrusted") {
      return late("the gateway's clock is not set, so that nobody knows how old the command is");
    }
    const ageMs = givenAt === undefined ? 0 : clock.now() - givenAt;
    if (ageMs < -AHEAD_MS)
      return late(`it is from a time ${formatDuration(-ageMs)} ahead: are both clocks right?`);
    if (ageMs > ttlMs) {
      return late(`it is ${formatDuration(ageMs)} old, and may be ${formatDuration(ttlMs)}`);
    }
    leftMs = Math.min(leftMs, ttlMs - Math.max(0, ageMs));
    if (expiresAt !== undefined) leftMs = Math.min(leftMs, expiresAt - clock.now());
  }
  return leftMs > 0 ? { ok: true, leftMs } : late("its time was over before it came");
}

function late(reason: string): RequestLife {
  return { ok: false, reason };
}
