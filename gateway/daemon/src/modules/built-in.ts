import type { ModuleDefinition } from "@tram/module-sdk";
import { simModule } from "@tram/module-sim";

/** Modules that come with the gateway. They are imported as they stand: a lazy import keeps a whole package in a bundle. */
export const BUILT_IN: Readonly<Record<string, () => Promise<ModuleDefinition<never>>>> = {
  sim: async () => simModule as ModuleDefinition<never>,
};
