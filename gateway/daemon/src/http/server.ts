import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "@tram/core";
import type { GatewayView } from "@tram/protocol";
import { bind } from "../mqtt/listeners/bind.ts";
import { type LocalSocket, openLocalSocket } from "../runtime/local-socket.ts";
import type { SocketHome } from "../runtime/places.ts";
import type { App } from "./app.ts";
import { createServer } from "./node-http.ts";

/** Takes over the upgrade of a connection to a WebSocket. */
export type Upgrade = (request: IncomingMessage, socket: Socket, head: Buffer, local: boolean) => void;

export interface HttpServers {
  /** The TCP port, resolved where 0 was asked for. */
  readonly port: number;
  /** What is wrong with the local socket. */
  readonly problems: GatewayView["problems"];
  close(): Promise<void>;
}

/** Opens the TCP listener for browsers and programs, and the Unix socket for the CLI. */
export async function openHttp(
  app: App,
  options: { host: string; port: number; home: SocketHome },
  upgrade: Upgrade,
  log: Log,
): Promise<HttpServers> {
  const tcp = serverOf(app, false, upgrade);
  const local = serverOf(app, true, upgrade);
  const port = await bind(tcp.server, options, "http.port");
  let socket: LocalSocket;
  try {
    socket = await openLocalSocket(local.server, options.home, log);
  } catch (error) {
    await tcp.close();
    throw error;
  }
  return {
    port,
    problems: socket.problems,
    close: async () => {
      await Promise.all([tcp.close(), local.close()]);
      socket[Symbol.dispose]();
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
