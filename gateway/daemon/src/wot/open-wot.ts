import { randomBytes } from "node:crypto";
import type { Clock } from "@tram/core";
import type { House } from "../house.ts";
import type { Route, RouteRequest } from "../http/route.ts";
import { actionRoutes } from "../http/routes-actions.ts";
import { type ThingRoutesParts, thingRoutes } from "../http/routes-things.ts";
import type { CommandParts } from "../http/submit-command.ts";
import type { Teardown } from "../teardown.ts";
import { EventStreams } from "./event-streams.ts";
import { feedNotices } from "./feed-notices.ts";
import { NoticeBoard } from "./notice-board.ts";
import { type Doors, reachOf } from "./reach.ts";
import { directoryRoutes } from "./routes-directory.ts";
import { eventRoutes } from "./routes-events.ts";

/** The Things outward: descriptions, values, commands, events, and the directory of all. */
export function wotRoutes(parts: ThingRoutesParts): readonly Route[] {
  return [...thingRoutes(parts), ...actionRoutes(parts), ...eventRoutes(parts), ...directoryRoutes(parts)];
}

/** What {@link openWot} leaves open. */
export interface WotRoom {
  readonly routes: readonly Route[];
  readonly streams: EventStreams;
}

/** @param parts.doors where the gateway is reached; asked for each description. */
export function openWot(
  parts: CommandParts & { readonly house: House; readonly clock: Clock; readonly doors: () => Doors },
  teardown: Teardown,
): WotRoom {
  const { clock, doors, house } = parts;
  const board = new NoticeBoard();
  const streams = new EventStreams({ board, clock, era: randomBytes(6).toString("hex") });
  teardown.defer(() => streams.close());
  for (const subscription of feedNotices({ ...house, clock }, board)) teardown.use(subscription);
  teardown.use(house.bus.on("retired", ({ id }, unit) => unit.after(() => streams.retire(id))));
  const reach = ({ host }: RouteRequest) => reachOf(host, doors());
  return { routes: wotRoutes({ ...parts, ...house, streams, reach }), streams };
}
