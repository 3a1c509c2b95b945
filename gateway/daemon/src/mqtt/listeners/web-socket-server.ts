import type { Server as HttpServer, IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { isNeighbour, servesHost } from "../../http/names.ts";
import { createServer } from "../../http/node-http.ts";
import { fromOwnOrigin } from "../../http/own-origin.ts";
import type { HalfOpen } from "./half-open.ts";
import { type Attach, HANDSHAKE_MS, type ListenerSpec, SOCKET_OPTIONS } from "./listener.ts";
import { dropFailedHandshakes, type TlsDoor } from "./tls-door.ts";
import { MQTT_PATH, WebSocketDoor } from "./websocket.ts";

/** In milliseconds. Node looks every 30 s unless it is told, and lets a slow client stay for so long. */
const HTTP_OPTIONS = {
  headersTimeout: HANDSHAKE_MS,
  requestTimeout: HANDSHAKE_MS,
  connectionsCheckingInterval: 1_000,
} as const;

export interface WebSocketServerParts {
  readonly attach: Attach;
  readonly halfOpen: HalfOpen;
  readonly frameBytes: number;
  /** Names of the gateway, as `http.hosts` has them. */
  readonly hosts: readonly string[];
  /** For `wss`. */
  readonly tls: TlsDoor | undefined;
}

/** A server for MQTT over WebSocket: HTTP for nothing but the upgrade. */
export function webSocketServer({ id }: ListenerSpec, parts: WebSocketServerParts): HttpServer {
  const { attach, frameBytes, halfOpen, hosts, tls } = parts;
  const door = new WebSocketDoor(attach, {
    listener: id,
    frameBytes,
    admits: (headers) => servesHost(headers.host, hosts) && isOurPage(headers),
  });
  const server = tls === undefined ? createServer({ ...SOCKET_OPTIONS, ...HTTP_OPTIONS }) : secureServer(tls);
  server.on("connection", (socket: Socket) => halfOpen.came(socket));
  server.on("request", (_request, response) => {
    response.writeHead(426, { Connection: "close", Upgrade: "websocket" });
    response.end();
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // From here on nobody else listens: a client that breaks off must not end the gateway.
    socket.on("error", destroy);
    halfOpen.through(socket);
    const certificate = tls?.admit(socket as TLSSocket);
    if (certificate === "refused") return;
    if (request.url?.split(/[?#]/, 1)[0] === MQTT_PATH) door.upgrade(request, socket, head, certificate);
    else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  });
  return server;
}

function secureServer(tls: TlsDoor): HttpServer {
  // Loaded by those who want it: it brings its own copy of what an HTTP server needs.
  const server = process.getBuiltinModule("node:https").createServer({
    ...tls.options(),
    ...HTTP_OPTIONS,
  });
  dropFailedHandshakes(server);
  return server;
}

/** No page comes from this port: those of the gateway's other ports may use it. */
function isOurPage(headers: IncomingHttpHeaders): boolean {
  return fromOwnOrigin(headers) !== false || isNeighbour(headers.origin, headers.host);
}

function destroy(this: Socket): void {
  this.destroy();
}
