import type { ModuleDefinition } from "@tram/module-sdk";

/** Modules that come with the gateway, loaded when a configuration names them. */
export const BUILT_IN: Readonly<Record<string, () => Promise<ModuleDefinition<never>>>> = {
  sim: async () => (await import("@tram/module-sim")).simModule as ModuleDefinition<never>,
};
