import type { PropertyKey, ThingId } from "./ids.ts";
import type { Json } from "./json.ts";
import type { Cause, Origin } from "./origin.ts";
import type { EpochMs, Ms } from "./time.ts";

/**
 * - `good`: the device vouches for the value.
 * - `stale`: it was good, and the device has not been heard since (away, or the gateway restarted).
 * - `bad`: the device sent something that its own description forbids; `value` is the last good one.
 */
export type Quality = "good" | "stale" | "bad";

/** One observed value of a property. */
export interface Reading {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  /** `null` only while no good value was ever seen. */
  readonly value: Json;
  readonly quality: Quality;
  /** When the source observed it; the gateway's time where the source has no clock. */
  readonly time: EpochMs;
  /** When the gateway received it, on the gateway's wall clock. */
  readonly receivedAt: EpochMs;
  readonly origin: Origin;
  readonly cause?: Cause;
  /** Why the quality is `bad`, for people. */
  readonly problem?: string;
  /**
   * When the gateway received it, while nobody could believe its wall clock: `time` and `receivedAt` are put right from
   * it once the clock is set.
   */
  readonly taken?: { readonly bootId: string; readonly monotonic: Ms };
}
