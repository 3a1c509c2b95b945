import type { Ms } from "@tram/protocol";

/** What the gateway and the process of Node-RED say to each other. */
export type ToNodeRed =
  | { readonly kind: "start"; readonly start: NodeRedStart }
  | { readonly kind: "alive?" }
  | { readonly kind: "close" };

export type FromNodeRed =
  | { readonly kind: "up" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "alive" }
  | { readonly kind: "flows-started" }
  | { readonly kind: "log"; readonly level: "warn" | "error"; readonly fields: NodeRedLogFields };

export interface NodeRedStart {
  /** Folder whose `node_modules` has Node-RED. */
  readonly dir: string;
  /** Folder of flows, credentials and installed nodes. */
  readonly userDir: string;
  /** Unix socket to listen on. */
  readonly socket: string;
  /** File with the key that credentials of flows are encrypted with. */
  readonly secretFile: string;
  /** Nodes may be installed from the editor. */
  readonly palette: boolean;
  /** Flows are not started before somebody deploys. */
  readonly safeMode: boolean;
  /** Shown above the editor. */
  readonly title: string;
}

/** A line of Node-RED's own log: of which node, and what it says. */
export interface NodeRedLogFields {
  readonly text: string;
  readonly node?: string;
  /** Lines before this one that were too many to tell. */
  readonly missed?: number;
}

/** How often the gateway looks after Node-RED, and how long it may be silent before it is killed. In milliseconds. */
export const NODE_RED_PULSE = { everyMs: 5_000, silentMs: 30_000 } as const;

/** How long the editor may take to be there: it reads some thousand files, on a router from slow flash. */
export const NODE_RED_OPEN_MS: Ms = 180_000;

/** How long flows may take to stop. */
export const NODE_RED_CLOSE_MS: Ms = 4_000;
