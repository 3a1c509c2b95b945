import { type Bridge, type BridgeHouse, openBridge } from "@tram/cloud-bridge";
import type { Clock, Log, Store } from "@tram/core";
import type { ThingId } from "@tram/protocol";
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
      await openBridge({
        ...cloud,
        gateway,
        house: seenFromCloud(house),
        store,
        clock,
        random: Math.random,
        log,
      }),
    );
    bridges.push(bridge);
    teardown.use(house.bus.on("reading", ({ reading }, unit) => bridge.offer(reading, unit)));
    teardown.use(house.bus.on("command", (command, unit) => bridge.offerCommand(command, unit)));
    teardown.use(bridge.onChange(() => live.pushBridge(bridge.id, () => bridge.status())));
  }
  return bridges;
}

/** The house as clouds see it. None of them may ask for anything. */
function seenFromCloud({ registry }: House): BridgeHouse {
  return {
    ask: async () => ({
      outcome: "refused",
      code: "forbidden",
      reason: "no cloud may ask for anything here",
    }),
    *readings() {
      for (const { thing } of registry.records()) yield* registry.readings(thing.id as ThingId);
    },
    *things() {
      for (const { thing, availability } of registry.records()) {
        const { id, title, model } = thing;
        yield { id, title, available: availability === "ready", ...(model === undefined ? {} : { model }) };
      }
    },
  };
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
