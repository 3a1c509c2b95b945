import type { Socket } from "node:net";
import type { Clock } from "@tram/core";
import mqtt, { type IConnackPacket, type IPublishPacket, type MqttClient, type Packet } from "mqtt";
import { BridgeError } from "../bridge-error.ts";
import { addressOf, type DialTarget, dial } from "./dial.ts";
import { connectFault } from "./mqtt-reason.ts";
import { guardIncoming } from "./packet-guard.ts";

/** Most messages without PUBACK, unless the broker allows fewer. */
export const IN_FLIGHT = 100;
/** Messages that the broker may send without our PUBACK (MQTT 5.0 §3.1.2.11.3). */
const RECEIVE_MAXIMUM = 32;
/** From CONNECT to CONNACK. */
const CONNACK_TIMEOUT_MS = 20_000;
/** Largest packet that is taken in, whole: twice what AWS IoT and IBM let pass. */
export const MAX_INCOMING_BYTES = 256 * 1_024;

export interface MqttTransportOptions extends DialTarget {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
  readonly protocolVersion: 4 | 5;
  /** Seconds; a dead link is noticed after one and a half times as long. */
  readonly keepaliveS: number;
  /**
   * Seconds for which the broker keeps our subscriptions, and what comes for us, after the connection (MQTT 3.1.1: as
   * long as it likes). Left out: it keeps nothing.
   */
  readonly sessionExpiryS?: number;
  /** What the broker publishes when we vanish. */
  readonly will?: {
    readonly topic: string;
    readonly payload: string;
    readonly qos: 0 | 1;
    readonly retain: boolean;
  };
  /** Default {@link MAX_INCOMING_BYTES}; a larger packet is skipped without being held in memory. */
  readonly maxIncomingBytes?: number;
  readonly clock: Pick<Clock, "monotonic" | "trust">;
}

/** Takes a message from the broker. `next` lets the next packet in; with an error mqtt.js does not answer this one. */
export type PacketListener = (packet: IPublishPacket, next: (error?: Error) => void) => void;

/** What is in the way of a message that was too large to be read. */
export interface SkippedPublish {
  readonly topic: string;
  readonly bytes: number;
}

/** A client that is connected. */
export interface MqttLine {
  /** Never reconnects. */
  readonly client: MqttClient;
  /** `host:port`, for people. */
  readonly address: string;
  readonly protocolVersion: 4 | 5;
  /** Most messages without PUBACK that the broker allows, at most {@link IN_FLIGHT}. */
  readonly inFlight: number;
  /** Largest packet that the broker takes, in bytes (MQTT 5.0 §3.2.2.3.6). */
  readonly maxPacketBytes?: number;
  /** The broker has kept our subscriptions, and what came for us. */
  readonly sessionPresent: boolean;
  /** Reads nothing before this was called. */
  hear(listener: PacketListener): void;
  /** Tells of each message that was skipped for its size; it was acknowledged, or the broker would send it for ever. */
  onSkipped(listener: (skipped: SkippedPublish) => void): void;
  /** Why the line failed, in our words. */
  fault(cause: Error): BridgeError;
  /** What came that no broker may send, and over which the line was closed. */
  readonly broken: string | undefined;
}

/**
 * Connects once: DNS, TCP, TLS, CONNACK.
 * @param use makes the line's owner. It is called in the moment of the CONNACK, before anything else is read: what the
 * broker sends right behind it (kept messages, a DISCONNECT) must find somebody.
 * @throws {BridgeError} when there is no connection.
 */
export async function openMqtt<Owner>(
  options: MqttTransportOptions,
  signal: AbortSignal,
  use: (line: MqttLine) => Owner,
): Promise<Owner> {
  const socket = await dial(options, { signal, clock: options.clock });
  return greet(socket, options, { signal, use });
}

function greet<Owner>(
  socket: Socket,
  options: MqttTransportOptions,
  { signal, use }: { readonly signal: AbortSignal; readonly use: (line: MqttLine) => Owner },
): Promise<Owner> {
  const address = addressOf(options);
  return new Promise((resolve, reject) => {
    if (socket.destroyed) {
      reject(connectFault(address, socket.errored ?? undefined, options.clock.trust));
      return;
    }
    let onSkipped: (skipped: SkippedPublish) => void = () => undefined;
    let broken: string | undefined;
    let published = 0;
    guardIncoming(socket, {
      maxBytes: options.maxIncomingBytes ?? MAX_INCOMING_BYTES,
      onSkipped: ({ topic, bytes, packetId }) => {
        if (packetId !== undefined) socket.write(puback(packetId));
        onSkipped({ topic, bytes });
      },
      published: () => published,
      unread: () => socket.writableLength,
      now: () => options.clock.monotonic(),
      onBroken: (reason) => {
        broken = reason;
      },
    });
    const client = new mqtt.MqttClient(() => socket, clientOptions(options));
    client.on("packetsend", ({ cmd }) => {
      if (cmd === "publish") published++;
    });
    client.on("packetreceive", (packet) => {
      const twice = packet.cmd === "publish" ? undefined : saidTwice(packet);
      if (twice === undefined) return;
      // mqtt.js would calculate with the list that it has made of it.
      Object.assign(packet, { properties: undefined });
      broken ??= `it sent the property ${twice} twice`;
      socket.destroy();
    });
    // Behind its CONNACK a broker sends at once what it has kept, before mqtt.js tells of the CONNACK.
    let listener: PacketListener | undefined;
    let early: (() => void) | undefined;
    client.handleMessage = (packet, done) => {
      const take = (): void => listener?.(packet as IPublishPacket, done as (error?: Error) => void);
      if (listener === undefined) early = take;
      else take();
    };
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      client.off("error", onError).off("close", onClose).off("connect", onConnect);
    };
    const fail = (error: BridgeError): void => {
      settle();
      client.on("error", () => undefined); // What it says after its end is of no interest.
      client.end(true);
      reject(error);
    };
    const fault = (cause: Error | undefined): BridgeError =>
      broken === undefined
        ? connectFault(address, cause, options.clock.trust)
        : new BridgeError("protocol", `${address}: ${broken}`);
    const onAbort = (): void =>
      fail(new BridgeError("aborted", "the connection is not wanted any more", { cause: signal.reason }));
    const onError = (error: Error): void => fail(fault(error));
    const onClose = (): void => fail(fault(undefined));
    const onConnect = (packet: IConnackPacket): void => {
      if (broken !== undefined) {
        fail(fault(undefined));
        return;
      }
      const { maximumQoS, receiveMaximum, maximumPacketSize } = packet.properties ?? {};
      // MQTT 5.0 §3.2.2.3.4: without QoS 1 there is no acknowledgement, and nothing could ever leave the queue.
      if (maximumQoS === 0) {
        const message = `${address}: it takes only messages without acknowledgement (QoS 0)`;
        fail(new BridgeError("protocol", message));
        return;
      }
      settle();
      resolve(
        use({
          client,
          address,
          protocolVersion: options.protocolVersion,
          // MQTT 5.0 §3.2.2.3.3: the broker closes the connection on who has more in flight.
          inFlight: Math.min(IN_FLIGHT, receiveMaximum ?? IN_FLIGHT),
          ...(maximumPacketSize === undefined ? {} : { maxPacketBytes: maximumPacketSize }),
          sessionPresent: packet.sessionPresent,
          hear: (hears) => {
            listener = hears;
            early?.();
            early = undefined;
          },
          onSkipped: (hears) => {
            onSkipped = hears;
          },
          fault,
          get broken() {
            return broken;
          },
        }),
      );
    };
    client.on("error", onError).on("close", onClose).on("connect", onConnect);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * MQTT 3.1.1 §3.4 and 5.0 §3.4: the answer to a message of QoS 1, as bytes of our own. mqtt.js gives it before it lets
 * the next packet in, and would read nothing (no answer to what we publish either) while the house still thinks.
 * @param reasonCode of MQTT 5.0; 0 is left out.
 */
export function puback(packetId: number, reasonCode = 0): Buffer {
  const id = [packetId >> 8, packetId & 0xff];
  return Buffer.from(reasonCode === 0 ? [0x40, 2, ...id] : [0x40, 3, ...id, reasonCode]);
}

/** A property that may come once in a packet and has come more often: of those mqtt.js makes a list. */
function saidTwice(packet: Packet): string | undefined {
  const properties = "properties" in packet ? packet.properties : undefined;
  if (properties === undefined) return undefined;
  return Object.entries(properties).find(([, value]) => Array.isArray(value))?.[0];
}

function clientOptions(options: MqttTransportOptions): mqtt.IClientOptions {
  const { username, password, sessionExpiryS, will } = options;
  return {
    clientId: options.clientId,
    protocolVersion: options.protocolVersion,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    keepalive: options.keepaliveS,
    clean: sessionExpiryS === undefined,
    reconnectPeriod: 0,
    connectTimeout: CONNACK_TIMEOUT_MS,
    resubscribe: false,
    queueQoSZero: false,
    // The default one gives an identifier out again while a message still holds it.
    messageIdProvider: new mqtt.UniqueMessageIdProvider(),
    ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(options.protocolVersion === 5
      ? {
          properties: {
            receiveMaximum: RECEIVE_MAXIMUM,
            maximumPacketSize: options.maxIncomingBytes ?? MAX_INCOMING_BYTES,
            ...(sessionExpiryS === undefined ? {} : { sessionExpiryInterval: sessionExpiryS }),
          },
        }
      : {}),
  };
}
