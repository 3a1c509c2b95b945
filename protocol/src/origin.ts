import type { CommandId } from "./ids.ts";

/** Who caused a message. `mqtt:` names the authenticated user, not the client id. */
export type Origin =
  | "device"
  | "system"
  | `rule:${string}`
  | `api:${string}`
  | `mqtt:${string}`
  | `cloud:${string}`
  | `module:${string}`;

/** Ties a reading or a command to the command that led to it, which is how a loop is seen. */
export interface Cause {
  readonly commandId: CommandId;
  /** How many commands led here; 1 for the first. */
  readonly depth: number;
}
