import { type Bridge, openBridge } from "@tram/cloud-bridge";
import type { Clock, Log, Store } from "@tram/core";
import type { Audit } from "../audit/audit-log.ts";
import { RepeatFilter } from "../audit/repeat-filter.ts";
import type { CloudSettings, Settings } from "../config/settings.ts";
import type { House } from "../house.ts";
import type { LiveHub } from "../live/live-hub.ts";
import { Teardown } from "../teardown.ts";
import { CloudDesk } from "./cloud-desk.ts";
import { CloudManager, type CloudManagerParts } from "./cloud-manager.ts";
import { RequestContexts } from "./request-contexts.ts";
import { seenFromCloud } from "./seen-from-cloud.ts";
import { WanWatch } from "./wan-watch.ts";

/** The bridges, and the way in for what their clouds ask. */
export interface Clouds {
  /** Those that are open; they come and go. */
  readonly bridges: readonly Bridge[];
  /** Opens one more, and lets it hear the house. @throws {StoreError} */
  add(cloud: CloudSettings): Promise<void>;
  /** Closes one; what waits in its queue stays in the store. */
  remove(id: string): Promise<void>;
  /** Lets the clouds ask, once everything that they could ask for is there. */
  open(services: CloudManagerParts & { readonly audit: Audit }): void;
}

export interface BridgeRoomParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  readonly house: House;
  readonly live: LiveHub;
  /** Is kept up to date with those that are open. */
  readonly bridges: Bridge[];
  /** Looks after a bridge that was opened, until it is closed. */
  readonly onBridge: (bridge: Bridge) => Disposable;
}

/** Opens the bridges that the configuration names, and lets them hear the house. */
export async function openBridges(parts: BridgeRoomParts, teardown: Teardown): Promise<Clouds> {
  const { settings, log } = parts;
  const contexts = new RequestContexts();
  await contexts.restore(parts.store);
  const wan = teardown.use(
    new WanWatch({ clock: parts.clock, log, setting: settings.gateway.wan, folder: settings.runtime }),
  );
  const room = new BridgeRoom(parts, contexts, wan);
  teardown.defer(() => room.close());
  // What a cloud has asked that was taken away meanwhile is answered to nobody.
  teardown.use(
    parts.house.bus.on("command", (command, unit) => {
      const { endedAt, origin } = command;
      if (endedAt === undefined || !origin.startsWith("cloud:")) return;
      if (!room.has(origin.slice("cloud:".length))) contexts.take(command, unit);
    }),
  );
  for (const cloud of settings.cloud) await room.add(cloud);
  return room;
}

/** One bridge, with everything that ends with it. */
interface Open {
  readonly bridge: Bridge;
  readonly desk: CloudDesk;
  readonly teardown: Teardown;
}

class BridgeRoom implements Clouds {
  readonly #parts: BridgeRoomParts;
  readonly #contexts: RequestContexts;
  readonly #wan: WanWatch;
  readonly #seen: ReturnType<typeof seenFromCloud>;
  readonly #open = new Map<string, Open>();
  #services: { readonly manager: CloudManager; readonly audit: Audit } | undefined;

  constructor(parts: BridgeRoomParts, contexts: RequestContexts, wan: WanWatch) {
    this.#parts = parts;
    this.#contexts = contexts;
    this.#wan = wan;
    this.#seen = seenFromCloud(parts.house);
  }

  get bridges(): readonly Bridge[] {
    return this.#parts.bridges;
  }

  async add(cloud: CloudSettings): Promise<void> {
    const { settings, clock, store, log, house, live, bridges, onBridge } = this.#parts;
    const contexts = this.#contexts;
    const teardown = new Teardown((error) =>
      log.error({ bridge: cloud.config.id, error: String(error) }, "something of a bridge did not close"),
    );
    if (this.#open.size === 0) this.#wan.begin();
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
        wan: this.#wan,
        house: {
          ...this.#seen,
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
    teardown.use(onBridge(bridge));
    const open = { bridge, desk, teardown };
    this.#open.set(bridge.id, open);
    this.#serve(open);
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  async remove(id: string): Promise<void> {
    const { bridges } = this.#parts;
    const at = bridges.findIndex((bridge) => bridge.id === id);
    if (at >= 0) bridges.splice(at, 1);
    const open = this.#open.get(id);
    this.#open.delete(id);
    await open?.teardown.run();
    // Last: while it closes it tells how it is.
    this.#parts.live.pushBridge(id, () => undefined);
  }

  open({ audit, ...services }: CloudManagerParts & { readonly audit: Audit }): void {
    this.#services = { manager: new CloudManager(services), audit };
    for (const open of this.#open.values()) this.#serve(open);
  }

  async close(): Promise<void> {
    for (const { teardown } of [...this.#open.values()].reverse()) await teardown.run();
  }

  #serve({ desk, teardown }: Open): void {
    if (this.#services === undefined) return;
    const { manager, audit } = this.#services;
    const { clock } = this.#parts;
    desk.open({ manager, repeats: teardown.use(new RepeatFilter({ clock, audit })) });
  }
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
