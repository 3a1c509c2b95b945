import type { CommandId, PropertyKey, ThingId } from "./ids.ts";
import type { Json } from "./json.ts";
import type { Cause, Origin } from "./origin.ts";
import type { EpochMs, Ms } from "./time.ts";

/**
 * accepted → sent → confirmed, or refused (never accepted), failed (the device or its module said no, or the value
 * was overridden), expired (silence until the deadline).
 */
export type CommandState = "accepted" | "sent" | "confirmed" | "refused" | "failed" | "expired";

/** A request to write a property or to invoke an action. */
export interface CommandRequest {
  readonly thing: ThingId;
  readonly target: { readonly property: PropertyKey } | { readonly action: string };
  /** The value to write, or the action's input. */
  readonly value: Json;
  readonly origin: Origin;
  readonly cause?: Cause;
  /** How long the device has to confirm after sending; default 10 s or what its model says. */
  readonly timeoutMs?: Ms;
}

export interface Command extends CommandRequest {
  readonly id: CommandId;
  /** How many commands led to each other up to this one; 1 for a fresh one. */
  readonly depth: number;
  readonly state: CommandState;
  readonly submittedAt: EpochMs;
  readonly sentAt?: EpochMs;
  readonly endedAt?: EpochMs;
  /** Machine-readable reason of `refused`, `failed` and `expired`. */
  readonly code?: CommandFailureCode;
  /** The same for people. */
  readonly reason?: string;
}

export type CommandFailureCode =
  | "unknown-thing"
  | "unknown-property"
  | "unknown-action"
  | "read-only"
  | "invalid-value"
  | "unavailable"
  | "too-many"
  | "loop"
  | "not-stored"
  | "overridden"
  | "rejected"
  | "timeout"
  | "send-failed"
  /** The gateway stopped before the outcome of an action was known; it is not repeated. */
  | "unknown-outcome";
