import type { CommandId, PropertyKey, RuleId, ThingId } from "./ids.ts";
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
  /**
   * How long the command may wait for a device that is away, from submission. Without it, it waits for a sleeping device
   * alone, and one hour.
   */
  readonly ttlMs?: Ms;
  /** The same request once more, by the same origin, is this command and not another one. */
  readonly key?: string;
  /** Why it is wanted, for people. */
  readonly why?: string;
  /** What was observed that led to it: whose silence is a reason to fall back to the safe value. */
  readonly because?: { readonly thing: ThingId; readonly property: PropertyKey };
  /** What of a rule it carries out: kept with the command, so that its end finds the run that waits for it. */
  readonly effect?: CommandEffect;
}

/** Ties a command to what a rule decided. */
export interface CommandEffect {
  /** As the rule's traces name it. */
  readonly id: string;
  /** A run waits for the end of the command. */
  readonly awaited?: true;
  /** The rules that led to it, the one that decided it last. */
  readonly chain: readonly RuleId[];
  /** An action that is invoked again after a crash in which its outcome was lost. */
  readonly retry?: true;
}

export interface Command extends CommandRequest {
  readonly id: CommandId;
  /** How many commands led to each other up to this one; 1 for a fresh one. */
  readonly depth: number;
  readonly state: CommandState;
  readonly submittedAt: EpochMs;
  /** It is accepted, and waits for its device to wake or to come back. */
  readonly waiting?: true;
  readonly sentAt?: EpochMs;
  readonly endedAt?: EpochMs;
  /** Machine-readable reason of `refused`, `failed` and `expired`. */
  readonly code?: CommandFailureCode;
  /** The same for people. */
  readonly reason?: string;
}

/** How long a key and a reason may be, in characters. */
export const COMMAND_LIMITS = { key: 128, why: 200 } as const;

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
  /** The key was used for another request. */
  | "key-reused"
  /** A person has decided, and machines keep off for a while. */
  | "held"
  /** It ran for as long as it may, and rests. */
  | "resting"
  | "overridden"
  | "rejected"
  | "timeout"
  | "send-failed"
  /** The gateway stopped before the outcome of an action was known; it is not repeated. */
  | "unknown-outcome";
