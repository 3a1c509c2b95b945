import { totalmem } from "node:os";
import { join } from "node:path";
import type { Clock, Log, ModuleRunner, Supervisor } from "@tram/core";
import type { GatewayView } from "@tram/protocol";
import type { Settings } from "../config/settings.ts";
import type { People } from "../people/people.ts";
import { NodeRedDoor } from "./door.ts";
import { findNodeRed } from "./install.ts";
import { createNodeRed } from "./node-red-module.ts";
import { NODE_RED_ID } from "./path.ts";

/** Less than this, and Node-RED takes what the gateway and the router need. In bytes. */
const LEAST_MEMORY = 900 * 1_048_576;

/** What the gateway has of Node-RED. */
export interface NodeRedRoom {
  readonly view: NonNullable<GatewayView["nodeRed"]>;
  readonly problems: GatewayView["problems"];
  /** For the supervisor; absent when it shall not run. */
  readonly runner?: ModuleRunner;
  door(parts: { people: People; clock: Clock; log: Log; supervisor: Supervisor }): NodeRedDoor | undefined;
}

/**
 * Looks whether Node-RED is there, and prepares it.
 * @param runtime folder for its socket.
 */
export function prepareNodeRed({ nodeRed, data, gateway }: Settings, runtime: string): NodeRedRoom {
  const install = findNodeRed(nodeRed.dir);
  if (install === undefined || !nodeRed.enabled) {
    return { view: install === undefined ? "absent" : "disabled", problems: [], door: () => undefined };
  }
  const socket = join(runtime, "node-red.sock");
  return {
    view: "installed",
    problems: memoryProblem(totalmem()),
    runner: createNodeRed({ install, data, socket, palette: nodeRed.palette, title: gateway.name }),
    door: ({ supervisor, ...parts }) =>
      new NodeRedDoor({
        ...parts,
        socket,
        status: () => supervisor.status().find(({ id }) => id === NODE_RED_ID),
      }),
  };
}

function memoryProblem(bytes: number): GatewayView["problems"] {
  if (bytes >= LEAST_MEMORY) return [];
  const problem = `Node-RED wants 1 GB of memory, found ${Math.round(bytes / 1_048_576)} MB: it may be ended when memory is short`;
  return [{ code: "memory", where: "node_red", problem }];
}
