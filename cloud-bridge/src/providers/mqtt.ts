import { Socket } from "node:net";
import type { CloudConnection, CloudMessage } from "@tram/core";
import mqtt from "mqtt";
import { BridgeError } from "../bridge-error.ts";
import { CarefulWindow } from "./careful-window.ts";
import { MqttConnection, PUBLISH_OVERHEAD_BYTES } from "./mqtt-connection.ts";
import { connectFault } from "./mqtt-reason.ts";
import type { BridgeProvider } from "./provider.ts";

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
  readonly topic: (message: CloudMessage) => string;
  readonly payload: (message: CloudMessage) => string;
}

/** Most messages without PUBACK. */
const IN_FLIGHT = 100;
/** From the first packet to the CONNACK. */
const CONNECT_TIMEOUT_MS = 20_000;

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
    const { topic, payload } = this.#options;
    return PUBLISH_OVERHEAD_BYTES + Buffer.byteLength(topic(message)) + Buffer.byteLength(payload(message));
  }

  /** @throws {BridgeError} when there is no connection. */
  connect(signal: AbortSignal): Promise<CloudConnection> {
    const { url, username, password, clientId, protocolVersion, keepaliveS, topic, payload } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new BridgeError("aborted", "the connection is not wanted any more", { cause: signal.reason }));
        return;
      }
      const { protocol, host, port, address } = readUrl(url);
      const client = mqtt.connect({
        protocol,
        host,
        port,
        clientId,
        protocolVersion,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        keepalive: keepaliveS,
        clean: true,
        reconnectPeriod: 0,
        connectTimeout: CONNECT_TIMEOUT_MS,
        resubscribe: false,
        queueQoSZero: false,
        // The default one gives an identifier out again while a message still holds it.
        messageIdProvider: new mqtt.UniqueMessageIdProvider(),
      });
      const stopListening = (): void => {
        signal.removeEventListener("abort", onAbort);
        client.off("error", onError);
        client.off("close", onClose);
      };
      const fail = (error: BridgeError): void => {
        stopListening();
        client.end(true);
        reject(error);
      };
      const onAbort = (): void =>
        fail(new BridgeError("aborted", "the connection is not wanted any more", { cause: signal.reason }));
      const onError = (error: Error): void => fail(connectFault(address, error));
      const onClose = (): void => fail(connectFault(address, undefined));
      // Nagle's algorithm and delayed acknowledgements together would make each message wait 40 ms for the one before.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      signal.addEventListener("abort", onAbort, { once: true });
      client.on("error", onError);
      client.on("close", onClose);
      client.once("connect", (packet) => {
        const { maximumQoS, receiveMaximum, maximumPacketSize } = packet.properties ?? {};
        // MQTT 5.0 §3.2.2.3.4: without QoS 1 there is no acknowledgement, and nothing could ever leave the queue.
        if (maximumQoS === 0) {
          fail(
            new BridgeError("protocol", `${address}: it takes only messages without acknowledgement (QoS 0)`),
          );
          return;
        }
        stopListening();
        const connection = new MqttConnection(client, {
          address,
          topic,
          payload,
          careful: this.#careful,
          // MQTT 5.0 §3.2.2.3.3: the broker closes the connection on who has more in flight.
          inFlight: Math.min(IN_FLIGHT, receiveMaximum ?? IN_FLIGHT),
          ...(maximumPacketSize === undefined ? {} : { maxPacketBytes: maximumPacketSize }),
        });
        resolve(connection);
      });
    });
  }
}

function readUrl(url: string) {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new BridgeError("unreachable", `${url}: this is not an address`, { cause });
  }
  const protocol = parsed.protocol === "mqtts:" ? ("mqtts" as const) : ("mqtt" as const);
  const port = parsed.port === "" ? (protocol === "mqtts" ? 8883 : 1883) : Number(parsed.port);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { protocol, host, port, address: `${parsed.hostname}:${port}` };
}
