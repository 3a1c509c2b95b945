import { randomUUID } from "node:crypto";
import {
  type Clock,
  type CloudAnswer,
  type CloudDesk,
  type CloudMessage,
  type CloudPace,
  TokenBucket,
} from "@tram/core";
import { isJsonObject, type Json, type Ms } from "@tram/protocol";
import type { IPublishPacket } from "mqtt";
import { CarefulWindow } from "../careful-window.ts";
import { MqttConnection, type MqttOutgoing, publishBytes } from "../mqtt-connection.ts";
import type { MqttSubscription } from "../mqtt-inbox.ts";
import type { BridgeProvider, CloudLine } from "../provider.ts";
import type { TlsIdentity } from "../tls-identity.ts";
import { Admission, GRACE_MS } from "./admission.ts";
import { readCommand } from "./commands.ts";
import { BluemixConnection } from "./connection.ts";
import type { DeviceNames } from "./device-names.ts";
import { eventOf } from "./events.ts";
import { explainConnect } from "./faults.ts";
import { ANSWERS_PER_S, BLUEMIX_LIMITS } from "./limits.ts";
import { Management } from "./management.ts";
import { readNotice } from "./notices.ts";
import { BluemixTopics, type Heard } from "./topics.ts";

export interface BluemixProviderOptions {
  readonly host: string;
  readonly port: number;
  readonly org: string;
  /** Authentication token of the gateway. */
  readonly token: string;
  readonly identity: TlsIdentity;
  /** Id of the gateway in the house. */
  readonly gateway: string;
  readonly names: DeviceNames;
  readonly thingType: string;
  /** Seconds, 30 to 1,200. */
  readonly keepaliveS: number;
  /** Whether commands are listened to. */
  readonly hears: boolean;
  /** Whether the gateway is a managed device. */
  readonly managed: boolean;
  readonly clock: Clock;
  /** See {@link GRACE_MS}. */
  readonly graceMs?: Ms;
}

const IN_FLIGHT = 80;
/** "MQTT authentication": the one user name of devices and gateways. */
export const USER = "use-token-auth";

/**
 * IBM's gateway protocol `iot-2` over MQTT 3.1.1 and TLS. There is no session: MQTT 3.1.1 keeps what came meanwhile for as
 * long as it likes, and a command may be days old then.
 */
export class BluemixProvider implements BridgeProvider {
  readonly name = "bluemix";
  readonly maxInFlight = IN_FLIGHT;
  /** MQTT 3.1.1 cannot refuse a single message; what the cloud throws away, it throws away of the whole device. */
  readonly maxInFlightPerGroup = IN_FLIGHT;
  readonly batchSize = IN_FLIGHT / 4;
  readonly pace: CloudPace = {
    messagesPerS: BLUEMIX_LIMITS.messagesPerS - ANSWERS_PER_S,
    bytesPerS: BLUEMIX_LIMITS.bytesPerS,
  };
  readonly line: CloudLine;
  readonly #options: BluemixProviderOptions;
  readonly #topics: BluemixTopics;
  readonly #management: Management;
  readonly #admission: Admission;
  readonly #answers: TokenBucket;
  readonly #careful = new CarefulWindow(IN_FLIGHT);

  constructor(options: BluemixProviderOptions) {
    this.#options = options;
    const { clock, gateway, graceMs = GRACE_MS, host, keepaliveS, names, port, thingType } = options;
    this.line = { host, port, tls: true, keepaliveS };
    this.#topics = new BluemixTopics(names, thingType);
    this.#management = new Management({ topics: this.#topics, gateway, clock, newId: randomUUID });
    this.#admission = new Admission(clock, graceMs);
    this.#answers = new TokenBucket(ANSWERS_PER_S, 5 * ANSWERS_PER_S, clock.monotonic());
  }

  /** `g:<org>:<type>:<id>`. */
  get clientId(): string {
    return clientIdOf(this.#options.org, this.#options.names);
  }

  sizeOf(message: CloudMessage): number {
    const outgoing = this.#encode(message);
    return "unfit" in outgoing ? 0 : publishBytes(outgoing);
  }

  /** @throws {BridgeError} when there is no connection, with what IBM means by it. */
  async connect(signal: AbortSignal, desk: CloudDesk): Promise<BluemixConnection> {
    const { clock, host, identity, keepaliveS, managed, names, port, token, org } = this.#options;
    // A command may name a Thing before that has said anything.
    for (const { id } of desk.things()) names.of(id);
    const line: { mqtt?: MqttConnection } = {};
    const send = async (outgoing: MqttOutgoing): Promise<unknown> => await line.mqtt?.send(outgoing);
    let mqtt: MqttConnection;
    try {
      mqtt = await MqttConnection.open(
        {
          host,
          port,
          tls: { identity },
          clientId: this.clientId,
          username: USER,
          password: token,
          protocolVersion: 4,
          keepaliveS,
          clock,
        },
        {
          encode: (message) => this.#encode(message),
          careful: this.#careful,
          clock,
          subscriptions: [this.#subscription(desk, send)],
          onOpen: (opened) => {
            line.mqtt = opened;
            this.#admission.connected();
          },
          onRefused: ({ topic, why }) => {
            const reason = why === "too-large" ? "it is too long to be read" : "too many came at once";
            desk.turnedAway?.({ where: topic.slice(0, MOST_CHARACTERS), code: why, reason });
          },
        },
        signal,
      );
    } catch (error) {
      throw explainConnect(error, { host, org, clientId: this.clientId });
    }
    const parts = { mqtt, names, admission: this.#admission, management: this.#management };
    const connection = new BluemixConnection({ ...parts, clientId: this.clientId });
    if (managed) this.#management.connected({ send, desk });
    this.#tellNames(desk, connection, send);
    return connection;
  }

  #encode(message: CloudMessage) {
    return eventOf(message, { names: this.#options.names, topics: this.#topics });
  }

  #subscription(desk: CloudDesk, send: (outgoing: MqttOutgoing) => Promise<unknown>): MqttSubscription {
    const { hears, managed } = this.#options;
    return {
      filters: [
        this.#topics.notices(),
        ...(managed ? [this.#topics.requests()] : []),
        ...(hears ? this.#topics.commands() : []),
      ],
      qos: 1,
      maxBytes: BLUEMIX_LIMITS.payloadBytes,
      onMessage: async (topic, payload, packet) => {
        const heard = this.#topics.read(topic);
        switch (heard?.kind) {
          case "command":
            return await this.#command({ ...heard, topic, payload, packet }, { desk, send });
          case "notice":
            return this.#notice(payload, desk);
          case "response":
            return this.#management.hearResponse(payload);
          case "request":
            return await this.#management.hearRequest(heard.what, payload);
          case undefined:
            return undefined;
        }
      },
    };
  }

  async #command(
    heard: Extract<Heard, { kind: "command" }> & {
      readonly topic: string;
      readonly payload: Buffer;
      readonly packet: IPublishPacket;
    },
    { desk, send }: { readonly desk: CloudDesk; readonly send: (outgoing: MqttOutgoing) => Promise<unknown> },
  ): Promise<void> {
    const { clock, names } = this.#options;
    const { device, packet } = heard;
    const thing = names.thingOf(device);
    // "A gateway can subscribe to commands to any device in the organization": those of others are their business.
    if (thing === undefined) return;
    if (packet.retain) {
      const reason = "a retained message is no command: it would come again and again";
      desk.turnedAway?.({ where: heard.topic.slice(0, MOST_CHARACTERS), code: "retained", reason });
      return;
    }
    const isGateway = names.isGateway(device);
    const read = readCommand({ ...heard, thing, isGateway, dup: packet.dup, newId: randomUUID() });
    let refusal: Record<string, Json> | undefined;
    if ("turnedAway" in read) {
      const { code, reason } = read.turnedAway;
      desk.turnedAway?.(read.turnedAway);
      refusal = { state: "refused", code, reason };
    } else refusal = answerOf(await desk.ask(read.asks));
    // A flood of nonsense is not answered with another one.
    if (refusal === undefined || !this.#answers.take(1, clock.monotonic())) return;
    const id = `${read.request}:${String(refusal.code ?? refusal.state)}`;
    const head = { id, time: new Date(clock.now()).toISOString(), request: read.request };
    let payload = JSON.stringify({ ...refusal, ...head });
    if (Buffer.byteLength(payload) > BLUEMIX_LIMITS.payloadBytes) {
      // Whoever sends more is disconnected.
      payload = JSON.stringify({ ...head, state: "done", reason: "the answer is too long for IBM" });
    }
    await send({ topic: this.#topics.event(device, "reply"), payload });
  }

  #notice(payload: Buffer, desk: CloudDesk): void {
    const notice = readNotice(payload);
    if (notice === undefined) return;
    const { device, reason, request, topic } = notice;
    if (request === "publish" && device !== undefined && this.#options.names.thingOf(device) !== undefined) {
      this.#admission.refused(device, reason);
      return;
    }
    desk.turnedAway?.({ where: topic, code: "malformed", reason });
  }

  /** Tells the cloud which Things have names there that do not say so, now and when one comes. */
  #tellNames(
    desk: CloudDesk,
    { closed }: BluemixConnection,
    send: (outgoing: MqttOutgoing) => Promise<unknown>,
  ): void {
    const { clock, names } = this.#options;
    const told = new Set<string>();
    const tell = (): void => {
      const fresh: [string, string][] = [];
      for (const { id } of desk.things()) {
        const device = names.of(id);
        if (!names.isCut(id) || told.has(id)) continue;
        told.add(id);
        fresh.push([device.id, id]);
      }
      for (let at = 0; at < fresh.length; at += NAMES_AT_ONCE) {
        const time = new Date(clock.now()).toISOString();
        const body = { time, names: Object.fromEntries(fresh.slice(at, at + NAMES_AT_ONCE)) };
        void send({ topic: this.#topics.event(names.gateway, "names"), payload: JSON.stringify(body) });
      }
    };
    tell();
    const listening = desk.onThing?.((id) => {
      if (names.isCut(id) && !told.has(id)) tell();
    });
    if (listening !== undefined) void closed.then(() => listening[Symbol.dispose]());
  }
}

/** `g:<org>:<type>:<id>`: the gateway as an MQTT client. */
export function clientIdOf(org: string, { gateway: { type, id } }: DeviceNames): string {
  return `g:${org}:${type}:${id}`;
}

/** Of what a cloud says, as far as it is shown. */
const MOST_CHARACTERS = 200;
/** Of at most a hundred bytes each. */
const NAMES_AT_ONCE = 500;

/** @returns what is told at once; nothing where the end of a command follows through the queue. */
function answerOf(answer: CloudAnswer): Record<string, Json> | undefined {
  switch (answer.outcome) {
    case "accepted":
      return undefined;
    case "done":
      return isJsonObject(answer.value) && "state" in answer.value
        ? { ...answer.value }
        : { state: "done", value: answer.value };
    case "refused":
      return { state: "refused", code: answer.code, reason: answer.reason };
  }
}
