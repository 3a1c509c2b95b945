import type { Availability } from "../thing.ts";

/** Homie 5.0 "Device Lifecycle": the values of `$state`. */
const STATES = new Set(["init", "ready", "disconnected", "sleeping", "lost"]);

export function parseHomieState(payload: string): Availability | undefined {
  return STATES.has(payload) ? (payload as Availability) : undefined;
}

/** The `$state` of a Thing of ours; `unknown` is not a word of Homie. */
export function homieState(availability: Availability): string {
  return availability === "unknown" ? "init" : availability;
}
