import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { MqttCertificate } from "@tram/core";
import type { HalfOpen } from "./half-open.ts";
import { type Attach, type ListenerSpec, SOCKET_OPTIONS } from "./listener.ts";
import { dropFailedHandshakes, type TlsDoor } from "./tls-door.ts";

/** A server for MQTT over TCP. The engine looks after those who do not log in. */
export function tcpServer({ id }: ListenerSpec, attach: Attach): Server {
  return createServer(SOCKET_OPTIONS, (socket) => take(socket, id, attach, undefined));
}

/** A server for MQTT over TLS. */
export function tlsServer(
  { id }: ListenerSpec,
  attach: Attach,
  { door, halfOpen }: { readonly door: TlsDoor; readonly halfOpen: HalfOpen },
): Server {
  const server = createTlsServer(door.options(), (socket) => {
    halfOpen.through(socket);
    const certificate = door.admit(socket);
    if (certificate !== "refused") take(socket, id, attach, certificate);
  });
  server.on("connection", (socket: Socket) => halfOpen.came(socket));
  dropFailedHandshakes(server);
  return server;
}

function take(
  socket: Socket,
  listener: string,
  attach: Attach,
  certificate: MqttCertificate | undefined,
): void {
  // Undefined when the other end is gone already.
  attach(socket, { address: socket.remoteAddress ?? "", listener, certificate });
}
