import type { Origin } from "@tram/protocol";

/** Whether those who give commands are still there. */
export interface Presence {
  /** True for those of whom nobody knows: a person, the gateway itself. */
  isPresent(origin: Origin): boolean;
  /** Calls `listener` when somebody came or went. */
  onChange(listener: () => void): Disposable;
}
