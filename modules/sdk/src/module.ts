import type { Json } from "@tram/protocol";
import type { TSchema } from "typebox";
import type { ModuleHost } from "./host.ts";
import type { Session } from "./session.ts";

/** Version of this SDK's contract; a module names the one it was written against. */
export const SDK_VERSION = 1;

/**
 * Where a module runs. `child-process` contains everything, a busy loop or a native crash included; `in-process`
 * saves about 15 MB and is for modules that do plain asynchronous work.
 */
export type Isolation = "in-process" | "child-process";

export interface ModuleCapabilities {
  /** The module can pair new devices. */
  readonly pair?: boolean;
  /** The module can update the firmware of its devices. */
  readonly firmware?: boolean;
}

/** A radio or protocol driver. `Config` is what `configSchema` describes. */
export interface ModuleDefinition<Config = unknown> {
  /** Short lower-case name, unique among modules: `sim`, `lora`. */
  readonly name: string;
  /** Semantic version of the module itself. */
  readonly version: string;
  readonly sdk: typeof SDK_VERSION;
  /** JSON Schema (TypeBox) of the module's `config` in the gateway's configuration; checked before `open`. */
  readonly configSchema: TSchema;
  readonly capabilities: ModuleCapabilities;
  readonly isolation: Isolation;
  /**
   * Tells whether the hardware that a configuration names is there, without claiming it.
   * @returns `undefined` when it is, else the reason for people.
   */
  probe?(config: Config, signal: AbortSignal): Promise<string | undefined>;
  /** Brings the module's own store from an older version's layout to this one's; called before `open`. */
  migrate?(fromVersion: string, entries: ReadonlyMap<string, Json>): Promise<ReadonlyMap<string, Json>>;
  /**
   * Opens the hardware and returns a live session. Must settle soon after `signal` aborts.
   * Throw when the hardware is absent or refuses: the supervisor shows the message and tries again with back-off.
   */
  open(host: ModuleHost<Config>, signal: AbortSignal): Promise<Session>;
}

/** Declares a module. It only checks types; nothing starts. */
export function defineModule<Config>(definition: ModuleDefinition<Config>): ModuleDefinition<Config> {
  return definition;
}
