import { chmodSync, rmSync } from "node:fs";
import type { IncomingMessage, Server } from "node:http";
import { connect, type Socket } from "node:net";
import type { Log } from "@tram/core";
import { ConfigError } from "../config/config-error.ts";
import { listen } from "../mqtt/aedes-broker.ts";
import type { App } from "./app.ts";
import { createServer } from "./node-http.ts";

/** Takes over the upgrade of a connection to a WebSocket. */
export type Upgrade = (request: IncomingMessage, socket: Socket, head: Buffer, local: boolean) => void;

export interface HttpServers {
  /** The TCP port, resolved where 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/** Opens the TCP listener for browsers and programs, and the Unix socket for the CLI. */
export async function openHttp(
  app: App,
  options: { host: string; port: number; socketPath: string },
  upgrade: Upgrade,
  log: Log,
): Promise<HttpServers> {
  const tcp = serverOf(app, false, upgrade);
  const local = serverOf(app, true, upgrade);
  await listen(tcp.server, options.host, options.port, "http.port");
  try {
    await listenLocally(local.server, options.socketPath);
  } catch (error) {
    await tcp.close();
    throw error;
  }
  const address = tcp.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: async () => {
      await Promise.all([tcp.close(), local.close()]);
      log.debug({}, "http closed");
    },
  };
}

function serverOf(
  app: App,
  local: boolean,
  upgrade: Upgrade,
): { server: Server; close: () => Promise<void> } {
  const server = createServer((request, response) => void app(request, response, local));
  // A slow or silent client holds one socket, and not for long.
  server.headersTimeout = 10_000;
  server.requestTimeout = 70_000;
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => upgrade(request, socket as Socket, head, local));
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        if (!server.listening) {
          resolve();
          return;
        }
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Binds the Unix socket; one that a dead daemon left behind is removed, one that answers is not. */
async function listenLocally(server: Server, path: string): Promise<void> {
  if (await answers(path)) {
    throw new ConfigError(
      "data",
      `data: expected a folder of its own, found that another gateway runs on ${path}`,
    );
  }
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new ConfigError("data", `data: expected to create ${path}, found ${cause.message}`, { cause })),
    );
    server.listen(path, resolve);
  });
  // The file's permission is the authority: its owner and group may do everything.
  chmodSync(path, 0o660);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
