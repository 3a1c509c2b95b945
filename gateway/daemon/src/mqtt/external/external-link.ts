import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { BridgeError, connectFault, goodbye } from "@tram/cloud-bridge";
import type { MqttMessage } from "@tram/core";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import mqttPacket from "mqtt-packet";
import { Acknowledgements } from "./acknowledgements.ts";
import type { ExternalSettings } from "./external-settings.ts";
import { fromPacket, toPublishOptions } from "./packet-message.ts";

/** From the first packet to CONNACK. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Most messages without PUBACK, each way. */
const IN_FLIGHT = 64;
/** Messages that the house looks at, at a time; beyond this nothing is read. */
const MOST_OPEN = 256;
/** Header, topic length, packet identifier and properties of a PUBLISH without any, at most. */
const OVERHEAD_BYTES = 5 + 2 + 2 + 1;

/** Tells mqtt.js to go on with the next packet and leave the PUBACK to us. */
const NOT_YET = new Error("acknowledged later");

export interface LinkOptions {
  readonly version: 4 | 5;
  /** What the broker publishes when the gateway vanishes. */
  readonly will: MqttMessage;
  /**
   * Takes a message of the broker.
   * @returns whether it is kept: then it is acknowledged. It must neither throw nor reject.
   */
  readonly take: (message: MqttMessage, link: ExternalLink) => boolean | Promise<boolean>;
}

/** A connection to the external broker: live from the CONNACK until `closed`. */
export class ExternalLink {
  readonly version: 4 | 5;
  /** The broker has kept the subscriptions, and what came meanwhile. */
  readonly sessionPresent: boolean;
  readonly mostFlying: number;
  readonly mostBytes: number;
  /** Resolves with the reason, for people. */
  readonly closed: Promise<string>;
  readonly #client: MqttClient;
  readonly #address: string;
  readonly #options: LinkOptions;
  readonly #acknowledgements: Acknowledgements;
  readonly #resolveClosed: (reason: string) => void;
  #open = 0;
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(client: MqttClient, connack: mqtt.IConnackPacket, address: string, options: LinkOptions) {
    const { promise, resolve } = Promise.withResolvers<string>();
    const { maximumPacketSize, receiveMaximum } = connack.properties ?? {};
    this.version = options.version;
    this.sessionPresent = connack.sessionPresent;
    // 5.0 §3.2.2.3.3: the broker closes the connection on who has more in flight.
    this.mostFlying = Math.min(IN_FLIGHT, receiveMaximum ?? IN_FLIGHT);
    this.mostBytes = maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.closed = promise;
    this.#client = client;
    this.#address = address;
    this.#options = options;
    this.#resolveClosed = resolve;
    this.#acknowledgements = new Acknowledgements((messageId) => this.#acknowledge(messageId));
    client.on("error", (error) => this.drop(connectFault(address, error).message));
    client.on("disconnect", ({ reasonCode }) => this.drop(goodbye(address, reasonCode)));
    client.on("close", () => this.drop(goodbye(address, undefined)));
  }

  /** Messages that the broker sends again to the next connection. */
  get unkept(): number {
    return this.#acknowledgements.unkept;
  }

  /** Subscribes; the broker sends the retained messages again. @returns false when it refuses. */
  async subscribe(filter: string, qos: 0 | 1): Promise<boolean> {
    // Our own messages do not come back (`nl`), and what is retained is told from what is not (`rap`).
    const options = this.version === 5 ? { qos, nl: true, rap: true, rh: 0 } : { qos };
    try {
      const granted = await this.#client.subscribeAsync(filter, options);
      return granted.every((one) => Number(one.qos) < 0x80);
    } catch (error) {
      // With a SUBACK the broker refused; without, the link is lost and nobody waits for the answer any more.
      return (error as { packet?: unknown }).packet === undefined;
    }
  }

  unsubscribe(filter: string): void {
    this.#client.unsubscribe(filter, () => undefined);
  }

  /**
   * Sends a message, at most with QoS 1.
   * @param answered is told once the broker has it or refuses it; not when the link is lost before.
   */
  publish(message: MqttMessage, answered: (refusal: string | undefined) => void): void {
    const bytes = OVERHEAD_BYTES + Buffer.byteLength(message.topic) + message.payload.length;
    if (bytes > this.mostBytes) {
      answered(`${this.#address}: it takes packets of ${this.mostBytes} bytes, and this one has ${bytes}`);
      return;
    }
    const options = toPublishOptions(message, this.version);
    this.#client.publish(message.topic, Buffer.from(message.payload), options, (error) => {
      if (this.#ended) return;
      const { code } = (error ?? {}) as { code?: unknown };
      if (typeof code === "number") answered(`${this.#address}: it refused with 0x${code.toString(16)}`);
      else if (!error) answered(undefined);
    });
  }

  /** Says goodbye: the will is not published, and the session stays. @param reason for people. */
  async close(reason: string): Promise<void> {
    if (this.#ended) return;
    await this.#client.endAsync();
    this.drop(reason);
  }

  /** Ends it without a word. */
  drop(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client.end(true);
    this.#resolveClosed(reason);
  }

  /** Takes a message from mqtt.js. @param next lets the next packet in; with an error it does not answer this one. */
  take(packet: IPublishPacket, next: (error?: Error) => void): void {
    const message = fromPacket(packet, this.version);
    const owed = packet.qos === 1 ? this.#acknowledgements.owe(packet.messageId ?? 0) : undefined;
    const taken = this.#options.take(message, this);
    if (typeof taken === "boolean") {
      owed?.(taken);
      next(taken && owed === undefined ? undefined : NOT_YET);
      return;
    }
    this.#open++;
    const alone = packet.qos === 2; // Only a session of another program asks for it: mqtt.js answers, one at a time.
    void taken.then((kept) => {
      this.#open--;
      owed?.(kept);
      if (alone) next(kept ? undefined : NOT_YET);
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.();
    });
    if (alone) return;
    const goOn = (): void => next(NOT_YET);
    if (this.#open < MOST_OPEN) goOn();
    else this.#waiting = goOn;
  }

  #acknowledge(messageId: number): void {
    if (this.#ended) return;
    // Past mqtt.js, which would read nothing until the store has answered.
    const packet = { cmd: "puback", messageId, reasonCode: 0 } as const;
    this.#client.stream.write(mqttPacket.generate(packet, { protocolVersion: this.version }));
  }
}

/**
 * Connects.
 * @throws {BridgeError} when there is no connection.
 */
export function openLink(
  settings: ExternalSettings,
  options: LinkOptions,
  signal: AbortSignal,
): Promise<ExternalLink> {
  return new Promise((resolve, reject) => {
    const { host: address } = new URL(settings.url);
    let link: ExternalLink | undefined;
    let client: MqttClient;
    try {
      client = mqtt.connect(settings.url, clientOptions(settings, options));
    } catch (cause) {
      reject(connectFault(address, cause as Error));
      return;
    }
    const fail = (error: BridgeError): void => {
      if (link !== undefined) return;
      signal.removeEventListener("abort", onAbort);
      client.end(true);
      reject(error);
    };
    const onAbort = (): void => fail(new BridgeError("aborted", "the gateway stops"));
    // Nagle's algorithm and delayed acknowledgements together would make each message wait 40 ms for the one before.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    // Behind its CONNACK a broker sends at once what it has kept, before mqtt.js tells of the CONNACK.
    let early: (() => void) | undefined;
    client.handleMessage = (packet, done) => {
      const take = (): void => link?.take(packet as IPublishPacket, done as (error?: Error) => void);
      if (link === undefined) early = take;
      else take();
    };
    client.on("error", (error) => fail(connectFault(address, error)));
    client.on("close", () => fail(connectFault(address, undefined)));
    client.once("connect", (connack) => {
      // 5.0 §3.2.2.3.4: without QoS 1 nothing could be acknowledged.
      if (connack.properties?.maximumQoS === 0) {
        fail(
          new BridgeError("protocol", `${address}: it takes only messages without acknowledgement (QoS 0)`),
        );
        return;
      }
      signal.removeEventListener("abort", onAbort);
      link = new ExternalLink(client, connack, address, options);
      resolve(link);
      early?.();
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

function clientOptions(settings: ExternalSettings, { version, will }: LinkOptions): IClientOptions {
  const { caFile, certFile, clientId, keepAliveSeconds, keyFile, password, username } = settings;
  return {
    clientId,
    protocolVersion: version,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
    keepalive: keepAliveSeconds,
    clean: false,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    resubscribe: false,
    queueQoSZero: false,
    // The default one gives an identifier out again while a message still holds it.
    messageIdProvider: new mqtt.UniqueMessageIdProvider(),
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: settings.sessionExpirySeconds,
            receiveMaximum: IN_FLIGHT,
          },
        }
      : {}),
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain },
  };
}

/** CONNACK 1 (3.1.1 §3.2.2.3) and 0x84 (5.0 §3.2.2.2); or no answer at all, which old servers give to what they do not know. */
export function isAboutVersion(error: unknown): boolean {
  if (!(error instanceof BridgeError) || error.code !== "refused") return false;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return error.cause === undefined || code === 1 || code === 0x84;
}
