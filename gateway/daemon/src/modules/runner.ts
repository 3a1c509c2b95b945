import type { ModuleRunner } from "@tram/core";
import type { Isolation, ModuleDefinition, ModuleHost, Session } from "@tram/module-sdk";
import type { ModuleId } from "@tram/protocol";
import { BUILT_IN } from "./built-in.ts";
import { ChildSession } from "./child-session.ts";
import { checkModuleConfig, loadModule } from "./load-module.ts";

export interface RunnerOptions {
  readonly id: ModuleId;
  readonly use: string;
  readonly config: unknown;
  /** The gateway's data folder. */
  readonly data: string;
  /** Overrides what the module asks for. */
  readonly isolation?: Isolation;
}

/**
 * Opens a module where it belongs: one of ours in the gateway's own process, unless it or the configuration asks for
 * a child; anybody else's in a child process, whose loops and crashes are its own.
 */
export function createRunner(options: RunnerOptions): ModuleRunner {
  const { id, use, config } = options;
  let definition: ModuleDefinition<unknown> | undefined;
  let child: ChildSession | undefined;

  return {
    id,
    use,
    load: async (signal) => {
      const ours = Object.hasOwn(BUILT_IN, use);
      const known = ours || options.isolation === "in-process" ? await loadModule(use) : undefined;
      const isolation = options.isolation ?? known?.isolation ?? "child-process";
      if (isolation === "in-process" && known !== undefined) {
        definition = known;
        checkModuleConfig(known, config);
        return { name: known.name, version: known.version, isolation };
      }
      child = new ChildSession(use, options.data);
      const loaded = await child.load(config, signal);
      return { ...loaded, isolation: "child-process" };
    },
    open: async (host: ModuleHost<unknown>, signal): Promise<Session> => {
      if (child !== undefined) {
        const opened = child;
        child = undefined;
        return opened.open(host, signal);
      }
      if (definition === undefined) throw new Error("the module was not loaded");
      return definition.open(host, signal);
    },
  };
}
