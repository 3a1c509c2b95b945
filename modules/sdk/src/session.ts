import type { CommandId, Json, Ms, PropertyKey, ThingId } from "@tram/protocol";

/** A command as a module gets it: validated against the Thing, rounded to the step. */
export interface ModuleCommand {
  readonly id: CommandId;
  readonly thing: ThingId;
  readonly target: { readonly property: PropertyKey } | { readonly action: string };
  readonly value: Json;
  /** Time left for the device to confirm, in milliseconds. */
  readonly timeoutMs: Ms;
}

/**
 * What became of a command at the radio. `sent`: it left, and the confirming reading follows (or never does).
 * `confirmed`: the device itself acknowledged, no reading needed. `rejected`: the device said no.
 */
export type ExecuteResult =
  | { readonly outcome: "sent" }
  | { readonly outcome: "confirmed" }
  | { readonly outcome: "rejected"; readonly reason: string };

/** A running module. Everything that crosses it can be structured-cloned. */
export interface Session {
  /** Settles when the session has ended by itself: resolved when it meant to, rejected with the cause when it broke. */
  readonly closed: Promise<void>;
  /** Carries a command out. Rejecting means the module is broken; a device's refusal is a result. */
  execute?(command: ModuleCommand, signal: AbortSignal): Promise<ExecuteResult>;
  /** Lets new devices in until `signal` aborts. */
  pair?(options: { readonly durationMs: Ms }, signal: AbortSignal): Promise<void>;
  /** Writes a verified firmware image to a device. `progress` takes 0…1. */
  updateFirmware?(
    update: { readonly thing: ThingId; readonly image: Uint8Array },
    progress: (fraction: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Releases the hardware. Called once, also after `closed` has settled. */
  [Symbol.asyncDispose](): Promise<void>;
}
