import { defineModule, HostError, type ModuleHost, SDK_VERSION, type Session } from "@tram/module-sdk";
import type { Thing, ThingId } from "@tram/protocol";
import { SimConfig, withDefaults } from "./config.ts";
import { greenhouseThings } from "./greenhouse-things.ts";
import { type HouseMemory, readHouseMemory } from "./house-memory.ts";
import { MEMORY_KEY, SimSession } from "./sim-session.ts";

/** A virtual greenhouse: devices to try the gateway, its rules and its screens with, where there are none. */
export const simModule = defineModule<SimConfig>({
  name: "sim",
  version: "0.1.0",
  sdk: SDK_VERSION,
  configSchema: SimConfig,
  capabilities: {},
  isolation: "in-process",
  async open(host: ModuleHost<SimConfig>, signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    const config = withDefaults(host.config);
    const memory = await recall(host);
    for (const thing of greenhouseThings(config.prefix)) {
      signal.throwIfAborted();
      await announce(host, thing);
      await host.availability(thing.id as ThingId, "ready");
    }
    signal.throwIfAborted();
    const session = new SimSession(host, config, memory);
    session.start(signal);
    return session;
  },
});

/** A disk that keeps nothing is no reason to keep the devices from their rules: the gateway knows the Thing then too. */
async function announce(host: ModuleHost<SimConfig>, thing: Thing): Promise<void> {
  try {
    await host.announce(thing);
  } catch (error) {
    if (!(error instanceof HostError && error.code === "not-stored")) throw error;
  }
}

async function recall(host: ModuleHost<SimConfig>): Promise<HouseMemory | undefined> {
  const stored = await host.store.get(MEMORY_KEY);
  if (stored === undefined) return undefined;
  const memory = readHouseMemory(stored);
  if (memory === undefined)
    host.log.warn({}, "what was kept of the greenhouse cannot be read; it begins anew");
  return memory;
}
