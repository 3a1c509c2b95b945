import { type Bridge, openBridge } from "@tram/cloud-bridge";
import type { Clock, Log, Store } from "@tram/core";
import type { Audit } from "../audit/audit-log.ts";
import { RepeatFilter } from "../audit/repeat-filter.ts";
import type { Settings } from "../config/settings.ts";
import type { House } from "../house.ts";
import type { LiveHub } from "../live/live-hub.ts";
import type { Teardown } from "../teardown.ts";
import { CloudDesk } from "./cloud-desk.ts";
import { CloudManager, type CloudManagerParts } from "./cloud-manager.ts";
import { RequestContexts } from "./request-contexts.ts";
import { seenFromCloud } from "./seen-from-cloud.ts";
import { WanWatch } from "./wan-watch.ts";

/** The bridges, and the way in for what their clouds ask. */
export interface Clouds {
  readonly bridges: readonly Bridge[];
  /** Lets the clouds ask, once everything that they could ask for is there. */
  open(services: CloudManagerParts & { readonly audit: Audit }): void;
}

/** Opens the bridges that the configuration names, and lets them hear the house. */
export async function openBridges(
  parts: { settings: Settings; clock: Clock; store: Store; log: Log; house: House; live: LiveHub },
  teardown: Teardown,
): Promise<Clouds> {
  const { settings, clock, store, log, house, live } = parts;
  const contexts = new RequestContexts();
  await contexts.restore(store);
  const bridges: Bridge[] = [];
  const desks: CloudDesk[] = [];
  const seen = seenFromCloud(house);
  const wan = teardown.use(
    new WanWatch({ clock, log, setting: settings.gateway.wan, folder: settings.runtime }),
  );
  if (settings.cloud.length > 0) wan.begin();
  for (const cloud of settings.cloud) {
    const desk = new CloudDesk({
      ...house,
      bridge: cloud.config.id,
      rights: cloud.config,
      clock,
      contexts,
      log,
    });
    const bridge = teardown.use(
      await openBridge({
        ...cloud,
        gateway: { id: settings.gateway.id, timezone: settings.gateway.timezone },
        wan,
        house: {
          ...seen,
          ask: (request) => desk.ask(request),
          turnedAway: (what) => desk.turnedAway(what),
        },
        store,
        clock,
        random: Math.random,
        log,
      }),
    );
    bridges.push(bridge);
    desks.push(desk);
    teardown.use(house.bus.on("reading", ({ reading }, unit) => bridge.offer(reading, unit)));
    teardown.use(
      house.bus.on("command", (command, unit) => {
        const own = command.origin === `cloud:${bridge.id}`;
        // The cloud that asked hears of a refusal at once, and the others have nothing to do with it.
        if (command.state === "refused" && command.origin.startsWith("cloud:")) return;
        const context = own && command.endedAt !== undefined ? contexts.take(command, unit) : undefined;
        bridge.offerCommand(command, unit, context);
      }),
    );
    teardown.use(bridge.onChange(() => live.pushBridge(bridge.id, () => bridge.status())));
  }
  return {
    bridges,
    open: ({ audit, ...services }) => {
      const manager = new CloudManager(services);
      for (const desk of desks)
        desk.open({ manager, repeats: teardown.use(new RepeatFilter({ clock, audit })) });
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
  return bridge === undefined ? undefined : bridge.state === "online";
}
