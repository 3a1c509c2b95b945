import type { ModuleId } from "@tram/protocol";

/** The supervisor looks after Node-RED as after a module, under this id. */
export const NODE_RED_ID = "node-red" as ModuleId;

/** Where the editor is, below the gateway's address. */
export const NODE_RED_ROOT = "/node-red/";

/** Whether a path belongs to Node-RED, installed or not. */
export function isNodeRedPath(path: string): boolean {
  return path === NODE_RED_ROOT.slice(0, -1) || path.startsWith(NODE_RED_ROOT);
}
