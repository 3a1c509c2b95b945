import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { BrokerAddress, Log, MqttCertificate } from "@tram/core";
import { createServer as createHttpServer } from "../../http/node-http.ts";
import { bind } from "./bind.ts";
import { type Attach, HANDSHAKE_MS, type ListenerSpec, TCP_KEEP_ALIVE_MS } from "./listener.ts";
import type { TlsIdentity } from "./tls-identity.ts";
import { MQTT_PATH, WebSocketDoor } from "./websocket.ts";

export interface ListenerParts {
  readonly attach: Attach;
  readonly log: Log;
  /** Needed by `mqtts` and `wss`. */
  readonly tls: TlsIdentity | undefined;
}

type Take = (socket: Socket, certificate: MqttCertificate | undefined) => void;

/** One server of a listener, on one address. */
export interface BoundServer {
  readonly address: BrokerAddress;
  close(): void;
}

/**
 * Opens one server for a listener.
 * @param key where the listener stands in the configuration, for errors.
 * @throws {ConfigError} `port` when the port is not available.
 */
export async function openServer(
  spec: ListenerSpec,
  { host, key }: { readonly host: string; readonly key: string },
  parts: ListenerParts,
): Promise<BoundServer> {
  const { id, protocol } = spec;
  const take = protocol === "ws" || protocol === "wss" ? webSocketTaker(spec, parts) : tcpTaker(spec, parts);
  const secure = protocol === "mqtts" || protocol === "wss";
  const made = secure
    ? tlsServer(spec, parts, take)
    : { server: plainServer(take), dispose: () => undefined };
  const port = await bind(made.server, { host, port: spec.port }, key);
  return {
    address: { listener: id, protocol, host, port },
    close: () => {
      made.dispose();
      made.server.close();
    },
  };
}

function plainServer(take: Take): Server {
  return createTcpServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS },
    (socket) => take(socket, undefined),
  );
}

function tlsServer(
  spec: ListenerSpec,
  { log, tls }: ListenerParts,
  take: Take,
): { readonly server: TlsServer; readonly dispose: () => void } {
  if (tls === undefined) throw new Error(`listener ${spec.id}: there is no certificate`);
  const asked = spec.clientCertificates !== "off";
  const server = createTlsServer(
    {
      ...tls.options(),
      minVersion: "TLSv1.2",
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: asked,
      // We judge ourselves: Node cannot be told what time it is.
      rejectUnauthorized: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    },
    (socket) => admit(socket, spec, { log, tls, take }),
  );
  // A handshake that fails is the client's affair; a socket of its own without a listener would end the process.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const changes = tls.onChange(() => server.setSecureContext(tls.options()));
  return { server, dispose: () => changes[Symbol.dispose]() };
}

function admit(
  socket: TLSSocket,
  { clientCertificates, id }: ListenerSpec,
  { log, take, tls }: { log: Log; tls: TlsIdentity; take: Take },
): void {
  socket.on("error", () => socket.destroy());
  const verdict = clientCertificates === "off" ? undefined : tls.verify(socket);
  const refused =
    verdict === undefined
      ? clientCertificates === "required" && "it has shown none"
      : "refused" in verdict && verdict.refused;
  if (refused !== false) {
    log.warn(
      { listener: id, address: socket.remoteAddress, reason: refused },
      "a client's certificate was refused",
    );
    socket.destroy();
    return;
  }
  take(socket, verdict as MqttCertificate | undefined);
}

function tcpTaker({ id }: ListenerSpec, { attach }: ListenerParts): Take {
  return (socket, certificate) =>
    attach(socket, { address: socket.remoteAddress ?? "", listener: id, certificate });
}

/** HTTP for nothing but the upgrade. */
function webSocketTaker({ id }: ListenerSpec, { attach }: ListenerParts): Take {
  const door = new WebSocketDoor(attach, id);
  const certificates = new WeakMap<Socket, MqttCertificate>();
  const http = createHttpServer((_request, response) => {
    response.writeHead(426, { Connection: "close", Upgrade: "websocket" });
    response.end();
  });
  http.headersTimeout = HANDSHAKE_MS;
  http.on("upgrade", (request, socket: Socket, head) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.split(/[?#]/, 1)[0] === MQTT_PATH)
      door.upgrade(request, socket, head, certificates.get(socket));
    else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
  });
  return (socket, certificate) => {
    if (certificate !== undefined) certificates.set(socket, certificate);
    http.emit("connection", socket);
  };
}
