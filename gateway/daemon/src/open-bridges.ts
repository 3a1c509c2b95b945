import { type Bridge, openBridge } from "@tram/cloud-bridge";
import type { Clock, Log, Store } from "@tram/core";
import type { Settings } from "./config/settings.ts";
import type { House } from "./house.ts";
import type { LiveHub } from "./live/live-hub.ts";
import type { Teardown } from "./teardown.ts";

/** Opens the bridges that the configuration names, and lets them hear the house. */
export async function openBridges(
  parts: { settings: Settings; clock: Clock; store: Store; log: Log; house: House; live: LiveHub },
  teardown: Teardown,
): Promise<readonly Bridge[]> {
  const { settings, clock, store, log, house, live } = parts;
  const bridges: Bridge[] = [];
  for (const cloud of settings.cloud) {
    const gateway = { id: settings.gateway.id };
    const bridge = teardown.use(
      await openBridge({ ...cloud, gateway, store, clock, random: Math.random, log }),
    );
    bridges.push(bridge);
    teardown.use(house.bus.on("reading", ({ reading }, unit) => bridge.offer(reading, unit)));
    teardown.use(house.bus.on("command", (command, unit) => bridge.offerCommand(command, unit)));
    teardown.use(bridge.onChange(() => live.pushBridge(bridge.id, () => bridge.status())));
  }
  return bridges;
}

/** Whether the way to any cloud is there. @returns undefined where there is no bridge. */
export function anyUp(bridges: readonly Bridge[]): boolean | undefined {
  return bridges.length === 0 ? undefined : bridges.some(({ id }) => isUp(bridges, id));
}

/** @returns undefined where there is no such bridge. */
export function isUp(bridges: readonly Bridge[], id: string): boolean | undefined {
  const bridge = bridges.find((each) => each.id === id);
  return bridge === undefined ? undefined : bridge.status().state === "online";
}
