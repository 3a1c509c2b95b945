import type { Duplex } from "node:stream";
import type { BrokerAddress, MqttCertificate } from "@tram/core";
import type { Ms } from "@tram/protocol";

/** Where a connection comes from. */
export interface Origin {
  /** IP address of the other end. */
  readonly address: string;
  /** Id of the listener. */
  readonly listener: string;
  readonly certificate?: MqttCertificate | undefined;
}

/** Takes a connection: an engine. */
export type Attach = (stream: Duplex, origin: Origin) => void;

export type ListenerProtocol = BrokerAddress["protocol"];

/** A listener as it is configured. */
export interface ListenerSpec {
  readonly id: string;
  /** Where it stands in the configuration, for people: `mqtt.port`, `mqtt.listeners[0]`. */
  readonly key: string;
  readonly protocol: ListenerProtocol;
  /** Address to bind to, where no interface is named. */
  readonly host: string;
  /** Network interface whose addresses are bound instead: `br-lan`. */
  readonly interface?: string | undefined;
  readonly port: number;
  /** Most connections at a time, on each address that it is bound to. */
  readonly connections: number;
  readonly clientCertificates: "off" | "optional" | "required";
}

/** A silent peer is found out by the kernel, for clients without a keep-alive of their own. */
const TCP_KEEP_ALIVE_MS: Ms = 60_000;
/** Of every socket. Set by the server as it accepts, which costs a connection nothing. */
export const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
} as const;
/** From the connection to the end of the TLS handshake, and as long again to the upgrade to WebSocket. */
export const HANDSHAKE_MS: Ms = 10_000;
