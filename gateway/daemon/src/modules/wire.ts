import type {
  EmittedEvent,
  ExecuteResult,
  HostErrorCode,
  ModuleCommand,
  ModuleHealth,
  ReportedReading,
} from "@tram/module-sdk";
import type { Availability, ClockTrust, Json, Ms, Thing, ThingId } from "@tram/protocol";

/** What the gateway and a module in a child process say to each other; all of it can be structured-cloned. */
export type ToChild =
  | { readonly kind: "load"; readonly use: string }
  | { readonly kind: "configure"; readonly config: unknown }
  | { readonly kind: "open"; readonly clock: ClockState }
  | { readonly kind: "clock"; readonly clock: ClockState }
  | { readonly kind: "execute"; readonly call: number; readonly command: ModuleCommand }
  | { readonly kind: "answer"; readonly call: number; readonly ok: true; readonly value: unknown }
  | { readonly kind: "answer"; readonly call: number; readonly ok: false; readonly error: WireError }
  | { readonly kind: "close" };

export type FromChild =
  | { readonly kind: "loaded"; readonly name: string; readonly version: string }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "opened" }
  | { readonly kind: "ended"; readonly reason?: string }
  | { readonly kind: "executed"; readonly call: number; readonly result: ExecuteResult }
  | { readonly kind: "executed"; readonly call: number; readonly failure: string }
  /** The answer to each `clock`: the child's event loop turns. */
  | { readonly kind: "alive" }
  | { readonly kind: "health"; readonly health: ModuleHealth }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly fields: Readonly<Record<string, Json>>;
      readonly text: string;
    }
  | { readonly kind: "host"; readonly call: number; readonly request: HostRequest };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** A call of the module to its host. */
export type HostRequest =
  | { readonly method: "announce"; readonly thing: Thing }
  | { readonly method: "retire"; readonly thing: ThingId }
  | { readonly method: "availability"; readonly thing: ThingId; readonly availability: Availability }
  | { readonly method: "report"; readonly readings: readonly ReportedReading[] }
  | { readonly method: "emit"; readonly event: EmittedEvent }
  | { readonly method: "store-entries" }
  | { readonly method: "store-put"; readonly key: string; readonly value: Json }
  | { readonly method: "store-delete"; readonly key: string };

/** The child has its own monotonic clock; the gateway tells how far the child's wall clock can be believed. */
export interface ClockState {
  readonly trust: ClockTrust;
}

export interface WireError {
  readonly code?: HostErrorCode;
  readonly message: string;
}

/** How often the gateway looks after a child, and how long one may be silent before it is killed. In milliseconds. */
export const CHILD_PULSE = { everyMs: 5_000, silentMs: 20_000 } as const;

/** A child that does not answer in this time is killed. In milliseconds. */
export const CHILD_CLOSE_MS: Ms = 1_000;
