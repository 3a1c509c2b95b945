import type { Clock, CloudConnection, CloudMessage } from "@tram/core";
import { BridgeError } from "../bridge-error.ts";
import { CarefulWindow } from "./careful-window.ts";
import { MqttConnection, type MqttOutgoing, publishBytes } from "./mqtt-connection.ts";
import { IN_FLIGHT, type MqttTransportOptions } from "./mqtt-transport.ts";
import type { BridgeProvider } from "./provider.ts";
import type { TlsTerms } from "./tls-identity.ts";

export interface MqttProviderOptions {
  /** `mqtt://host:port` or `mqtts://host:port`, without credentials. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly clientId: string;
  /** 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
  readonly protocolVersion: 4 | 5;
  /** Seconds; a dead link is noticed after one and a half times as long. */
  readonly keepaliveS: number;
  /** Asked of an `mqtts` address. */
  readonly tls?: TlsTerms;
  readonly topic: (message: CloudMessage) => string;
  readonly payload: (message: CloudMessage) => string;
  readonly clock: Pick<Clock, "after" | "trust">;
}

/** Any MQTT broker, over TCP or TLS, QoS 1. Reconnecting is the link's business: each connection is a client of its own. */
export class MqttProvider implements BridgeProvider {
  readonly name = "mqtt";
  readonly maxInFlight = IN_FLIGHT;
  readonly maxInFlightPerGroup: number;
  readonly batchSize: number;
  readonly #options: MqttProviderOptions;
  readonly #careful = new CarefulWindow(IN_FLIGHT);

  constructor(options: MqttProviderOptions) {
    this.#options = options;
    // MQTT 3.1.1 has no negative PUBACK: a message is lost only with the connection, and then so are all after it.
    // MQTT 5 can refuse one message and take the next of the same Thing, so there the next must wait for the answer.
    this.maxInFlightPerGroup = options.protocolVersion === 4 ? IN_FLIGHT : 1;
    // Where the next message of a Thing waits for the answer to the last one, it must not wait for other Things too.
    this.batchSize = options.protocolVersion === 4 ? IN_FLIGHT / 4 : 1;
  }

  sizeOf(message: CloudMessage): number {
    return publishBytes(this.#encode(message));
  }

  /** @throws {BridgeError} when there is no connection. */
  async connect(signal: AbortSignal): Promise<CloudConnection> {
    const transport = this.#transport();
    const { clock } = this.#options;
    return await MqttConnection.open(
      transport,
      { encode: (message) => this.#encode(message), careful: this.#careful, clock },
      signal,
    );
  }

  #encode(message: CloudMessage): MqttOutgoing {
    const { topic, payload } = this.#options;
    return { topic: topic(message), payload: payload(message) };
  }

  #transport(): MqttTransportOptions {
    const { url, tls, username, password, clientId, protocolVersion, keepaliveS, clock } = this.#options;
    const { secure, host, port } = readUrl(url);
    return {
      host,
      port,
      ...(secure ? { tls: tls ?? {} } : {}),
      clientId,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      protocolVersion,
      keepaliveS,
      clock,
    };
  }
}

function readUrl(url: string): { readonly secure: boolean; readonly host: string; readonly port: number } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new BridgeError("unreachable", `${url}: this is not an address`, { cause });
  }
  const secure = parsed.protocol === "mqtts:";
  const port = parsed.port === "" ? (secure ? 8883 : 1883) : Number(parsed.port);
  return { secure, port, host: parsed.hostname.replace(/^\[(.*)\]$/, "$1") };
}
