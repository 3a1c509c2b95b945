import type { Server } from "node:net";
import type { Server as TlsServer } from "node:tls";
import type { BrokerAddress, Clock, Log } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import { bind } from "./bind.ts";
import { HalfOpen } from "./half-open.ts";
import type { Attach, ListenerSpec } from "./listener.ts";
import { tcpServer, tlsServer } from "./tcp-server.ts";
import { TlsDoor } from "./tls-door.ts";
import type { TlsIdentity } from "./tls-identity.ts";
import { webSocketServer } from "./web-socket-server.ts";

export interface ListenerParts {
  readonly attach: Attach;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
  /** Needed by `mqtts` and `wss`. */
  readonly tls: TlsIdentity | undefined;
  /** Largest frame of a WebSocket, bytes. */
  readonly frameBytes: number;
  /** Names under which browsers reach the gateway, besides those that are its own in any case. */
  readonly hosts: readonly string[];
}

/** One server of a listener, on one address. */
export interface BoundServer {
  readonly address: BrokerAddress;
  /** Lets nobody in any more. Who has come through is the engine's. */
  close(): void;
}

/** A listener wants a certificate, and there is none that can be used. */
export class NoCertificate extends Error {
  override readonly name = "NoCertificate";
}

/**
 * Opens one server for a listener.
 * @param host the address to bind to.
 * @throws {ConfigError} `port` when the port is not available.
 * @throws {NoCertificate}
 */
export async function openServer(
  spec: ListenerSpec,
  host: string,
  parts: ListenerParts,
): Promise<BoundServer> {
  const halfOpen = new HalfOpen();
  const { server, stop } = serverOf(spec, parts, halfOpen);
  server.maxConnections = spec.connections;
  const close = (): void => {
    stop?.[Symbol.dispose]();
    server.close();
    halfOpen.cut();
  };
  try {
    const port = await bind(server, { host, port: spec.port }, spec.key);
    return { address: { listener: spec.id, protocol: spec.protocol, host, port }, close };
  } catch (error) {
    stop?.[Symbol.dispose]();
    throw error;
  }
}

function serverOf(
  spec: ListenerSpec,
  parts: ListenerParts,
  halfOpen: HalfOpen,
): { readonly server: Server; readonly stop?: Disposable } {
  const { protocol } = spec;
  const webSocket = protocol === "ws" || protocol === "wss";
  if (protocol === "mqtt" || protocol === "ws") {
    const plain = { ...parts, halfOpen, tls: undefined };
    return { server: webSocket ? webSocketServer(spec, plain) : tcpServer(spec, parts.attach) };
  }
  const { attach, tls: identity } = parts;
  if (identity === undefined || !identity.exists) {
    throw new NoCertificate(
      `there is no certificate: make one with \`${PRODUCT.name} ca init\`, or name files in mqtt.tls`,
    );
  }
  const door = new TlsDoor(spec, { ...parts, identity });
  let server: TlsServer;
  try {
    server = (
      webSocket
        ? webSocketServer(spec, { ...parts, halfOpen, tls: door })
        : tlsServer(spec, attach, { door, halfOpen })
    ) as TlsServer;
  } catch (cause) {
    throw new NoCertificate(`the certificate cannot be used: ${String(cause)}`, { cause });
  }
  return { server, stop: door.follow(server) };
}
