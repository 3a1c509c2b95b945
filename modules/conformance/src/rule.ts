import assert from "node:assert/strict";
import type { ModuleDefinition } from "@tram/module-sdk";
import type { Json, Ms } from "@tram/protocol";

/** A command that the module must be able to carry out with the given configuration. */
export interface CommandExample {
  readonly thing: string;
  readonly target: { readonly property: string } | { readonly action: string };
  readonly value: Json;
}

export interface ConformanceOptions<Config> {
  /** A valid configuration, in which the module finds a device (a fake one). Each opening gets its own copy. */
  readonly config: Config;
  /** Configurations that the module's schema must refuse; at least one. */
  readonly invalidConfigs: readonly unknown[];
  /** At least one where a Thing of the module takes commands. */
  readonly commands?: readonly CommandExample[];
  /** Virtual time within which an open module reports something; default 10 s. */
  readonly settleMs?: Ms;
  /** Virtual time within which a command is answered; default 10 s. */
  readonly commandTimeoutMs?: Ms;
  /** Makes the fake hardware speak, for modules that report only when a device does. Called whenever a rule waits. */
  readonly stimulate?: () => void | Promise<void>;
}

/** A module with the circumstances in which it is tried. */
export interface Subject<Config> {
  readonly definition: ModuleDefinition<Config>;
  readonly options: ConformanceOptions<Config>;
}

/** One thing that every module must do. */
export interface Rule {
  readonly id: string;
  /** The rule as a sentence about the module. */
  readonly title: string;
  /** Tries it. Rejects with an `AssertionError` that says what the module did instead. */
  check<Config>(subject: Subject<Config>): Promise<void>;
}

export const DEFAULT_SETTLE_MS: Ms = 10_000;
export const DEFAULT_COMMAND_TIMEOUT_MS: Ms = 10_000;

/** Says that the module breaks a rule. @throws {assert.AssertionError} always. */
export function violation(message: string, cause?: unknown): never {
  const error = new assert.AssertionError({ message, stackStartFn: violation });
  if (cause !== undefined) error.cause = cause;
  throw error;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
