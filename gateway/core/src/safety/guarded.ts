import type { CommandRequest, Instant, Json, Ms, Origin, PropertyKey, ThingId } from "@tram/protocol";
import type { GuardedState } from "./guarded-state.ts";

/** A property that is watched over, with what is known of it until the gateway stops. */
export interface Guarded {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  state: GuardedState;
  timer?: Disposable;
  /** Since when whoever asked for the value is gone; not kept, for after a restart everybody is looked for anew. */
  sourceLost?: Instant;
  /** What was asked for last, and when, on the monotonic clock. */
  asked?: {
    readonly value: Json;
    readonly at: Ms;
    readonly origin: Origin;
    readonly because?: CommandRequest["because"];
  };
  /** The safe value has to be set, whatever is wanted. */
  insisting: boolean;
  told: boolean;
}

/** Rules, clouds, modules and clients of the broker; not people, and not the gateway itself. */
export function isMachine(origin: Origin): boolean {
  return /^(?:rule|cloud|mqtt|module):/.test(origin);
}

export function keyOf(thing: ThingId, property: PropertyKey): string {
  return `${thing}/${property}`;
}
