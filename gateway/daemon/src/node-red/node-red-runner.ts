import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener, Server } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { editorSettings } from "./editor-settings.ts";
import { NODE_RED_ROOT } from "./path.ts";
import type { FromNodeRed, NodeRedStart, ToNodeRed } from "./wire.ts";

/**
 * The program of the process that Node-RED runs in. It embeds Node-RED as its documentation says (nodered.org,
 * "Embedding into an existing app") and listens on a Unix socket that the gateway's user alone can open: who may come
 * in is for the gateway to decide. It ends when the gateway does: the IPC channel closes.
 */

/** Node-RED's module, as far as it is used here. */
interface Red {
  init(server: Server, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly httpAdmin: RequestListener;
  readonly events: { on(event: string, listener: () => void): void };
}

/** The express that Node-RED itself uses. */
type Express = () => RequestListener & { use(path: string, app: RequestListener): void };

/** Of the package at `dir`; never one of the gateway's own. */
const NODE_RED = "node-red";

/** When memory is short, the kernel ends this before the gateway (proc(5), oom_score_adj). */
const OOM_SCORE = "500";

/** Lines of the log in a while; a flow that warns at each message must not fill the router's log. */
const LOG_LIMIT = { lines: 50, windowMs: 30_000 } as const;

let red: Red | undefined;

function send(message: FromNodeRed): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function start(request: NodeRedStart): Promise<void> {
  // For the socket, and for flows and credentials.
  process.umask(0o077);
  yieldMemory();
  const require = createRequire(join(request.dir, "package.json"));
  const entry = require.resolve(NODE_RED);
  const express = createRequire(entry)("express") as Express;
  const { createServer } = require("node:http") as typeof import("node:http");
  const app = express();
  const server = createServer(app);
  red = require(entry) as Red;
  const secret = readFileSync(request.secretFile, "utf8").trim();
  red.init(server, {
    ...editorSettings(request),
    credentialSecret: secret,
    logging: { gateway: logSettings() },
  });
  red.events.on("flows:started", () => send({ kind: "flows-started" }));
  app.use(NODE_RED_ROOT, red.httpAdmin);
  await red.start();
  rmSync(request.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(request.socket, resolve);
  });
  chmodSync(request.socket, 0o600);
  send({ kind: "up" });
}

function yieldMemory(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", OOM_SCORE);
  } catch {
    // Not Linux, or forbidden in a container: then all are equal.
  }
}

/** Node-RED's seam for log handlers. Levels are 10 (fatal) to 60 (trace). */
function logSettings(): object {
  let windowAt = performance.now();
  let told = 0;
  let missed = 0;
  const handler = (line: {
    level: number;
    msg?: unknown;
    type?: string;
    name?: string;
    id?: string;
  }): void => {
    if (performance.now() - windowAt > LOG_LIMIT.windowMs) {
      windowAt = performance.now();
      told = 0;
    }
    if (++told > LOG_LIMIT.lines) {
      missed++;
      return;
    }
    const node = line.type === undefined ? undefined : `${line.type}:${line.name ?? line.id ?? ""}`;
    send({
      kind: "log",
      level: line.level <= 20 ? "error" : "warn",
      fields: {
        text: textOf(line.msg).slice(0, 1_000),
        ...(node === undefined ? {} : { node }),
        ...(missed === 0 ? {} : { missed }),
      },
    });
    missed = 0;
  };
  return { level: "warn", metrics: false, audit: false, handler: () => handler };
}

function textOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  if (typeof message === "object" && message !== null && "message" in message) return String(message.message);
  return String(message);
}

async function close(): Promise<void> {
  try {
    await red?.stop();
  } finally {
    process.exit(0);
  }
}

process.on("message", (message: ToNodeRed) => {
  switch (message.kind) {
    case "start":
      start(message.start).catch((error: unknown) => send({ kind: "failed", reason: textOf(error) }));
      break;
    case "alive?":
      send({ kind: "alive" });
      break;
    case "close":
      void close();
      break;
  }
});
process.on("disconnect", () => process.exit(0));
