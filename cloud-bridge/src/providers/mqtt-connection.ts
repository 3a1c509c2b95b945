import type { Clock, CloudConnection, CloudMessage, PublishOutcome } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { IClientPublishOptions } from "mqtt";
import { BridgeError } from "../bridge-error.ts";
import type { CarefulWindow } from "./careful-window.ts";
import { MqttInbox, type MqttSubscription, type RefusedMessage } from "./mqtt-inbox.ts";
import { goodbye, refusal } from "./mqtt-reason.ts";
import { type MqttLine, type MqttTransportOptions, openMqtt, puback } from "./mqtt-transport.ts";

/** A message as it goes over the line. */
export interface MqttOutgoing {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain?: boolean;
  /** Of MQTT 5; left away with 3.1.1. */
  readonly properties?: NonNullable<IClientPublishOptions["properties"]>;
}

export interface MqttConnectionOptions {
  /** How a message looks in this cloud, or why it can never go there. */
  readonly encode: (message: CloudMessage) => MqttOutgoing | { readonly unfit: string };
  readonly careful: CarefulWindow;
  readonly clock: Pick<Clock, "after">;
  /** What is heard from the first moment on. */
  readonly subscriptions?: readonly MqttSubscription[];
  /** Filters in one SUBSCRIBE, where the cloud limits them. Default 8, what AWS IoT allows. */
  readonly filtersPerSubscribe?: number;
  /** Hears of the connection before the first message does: a handler may have to answer on it. */
  readonly onOpen?: (connection: MqttConnection) => void;
  /** Told of a message that nobody will read. */
  readonly onRefused?: (refused: RefusedMessage) => void;
}

interface Filter {
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly noLocal: boolean;
}

interface Parcel extends MqttOutgoing {
  readonly payload: Buffer;
  readonly answer: (outcome: PublishOutcome) => void;
}

/** MQTT 3.1.1 and 5.0 §4.7.1: no wildcards and no NUL in a topic name, and at most 65,535 bytes. */
const NOT_IN_TOPIC = ["+", "#", "\0"];
const MAX_TOPIC_BYTES = 65_535;
/** Fixed header, topic length, packet identifier and property length of a PUBLISH, at most. */
export const PUBLISH_OVERHEAD_BYTES = 5 + 2 + 2 + 1;
/** How the parser of mqtt.js refuses a reason code that MQTT 5.0 does not list for PUBACK. */
const UNKNOWN_PUBACK = "Invalid puback reason code";
/** A broker that has not answered a SUBSCRIBE by then never will. */
const SUBACK_WITHIN_MS: Ms = 20_000;
/** Answers that wait for room in the window; beyond this the sender hears that there is none. */
const MOST_URGENT = 500;
/** Acknowledgements that wait in our memory: a broker that talks and never listens would let them grow for ever. */
const MOST_UNREAD = 10_000;
/** What is sent beside the queue is acknowledged within so long, and within the time that 1 kB/s needs for it. */
const ANSWER_WITHIN_MS: Ms = 60_000;
const SLOWEST_BYTES_PER_MS = 1;
/** After so many messages that stay unacknowledged nothing comes any more from a broker that keeps count. */
const MOST_FAILED = 8;

/**
 * One client on one TCP connection. mqtt.js keeps unacknowledged messages in order to send them again after *its*
 * reconnect; it never reconnects here, and this class answers for what it left.
 */
export class MqttConnection implements CloudConnection {
  readonly closed: Promise<string>;
  readonly #line: MqttLine;
  readonly #options: MqttConnectionOptions;
  readonly #inbox: MqttInbox;
  /** Were handed to the client and have no PUBACK. */
  readonly #flying = new Set<Parcel>();
  /** Wait until fewer are in flight; alarms and answers go before everything else. */
  readonly #urgent: Parcel[] = [];
  readonly #waiting: Parcel[] = [];
  #failed = 0;
  #unread = 0;
  #end: string | undefined;
  readonly #resolveClosed: (reason: string) => void;

  /**
   * Connects and subscribes.
   * @throws {BridgeError} when there is no connection, or the cloud does not let us hear what we must.
   */
  static async open(
    transport: MqttTransportOptions,
    options: MqttConnectionOptions,
    signal: AbortSignal,
  ): Promise<MqttConnection> {
    const connection = await openMqtt(transport, signal, (line) => new MqttConnection(line, options));
    const abort = (): void => connection.#finish("closed by the gateway");
    signal.addEventListener("abort", abort, { once: true });
    try {
      if (signal.aborted) abort();
      await connection.#subscribe((options.subscriptions ?? []).flatMap(grouped));
      return connection;
    } catch (error) {
      connection.#finish("it could not be subscribed");
      if (!signal.aborted) throw error;
      throw new BridgeError("aborted", "the connection is not wanted any more", { cause: signal.reason });
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  private constructor(line: MqttLine, options: MqttConnectionOptions) {
    this.#line = line;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    const { client, address } = line;
    client.on("error", (error) => this.#onError(error));
    client.on("disconnect", (packet) => this.#finish(goodbye(address, packet.reasonCode)));
    client.on("close", () =>
      this.#finish(line.broken === undefined ? goodbye(address, undefined) : `${address}: ${line.broken}`),
    );
    const read = (): void => {
      this.#unread--;
    };
    this.#inbox = new MqttInbox({
      acknowledge: (packetId, reasonCode) => {
        if (++this.#unread > MOST_UNREAD) this.#finish(`${address}: it does not read what it is answered`);
        client.stream.write(puback(packetId, line.protocolVersion === 5 ? reasonCode : 0), read);
      },
      onRefused: (refused) => options.onRefused?.(refused),
      onNonsense: () => this.#finish(`${address}: it sends what nobody has subscribed to`),
      onBehind: () => this.#finish(`${address}: it sends on and on before what it sent is answered`),
      onFailed: (error) => {
        this.#failed++;
        if (this.#failed >= MOST_FAILED) this.#finish(`what it says cannot be dealt with: ${String(error)}`);
      },
      clock: options.clock,
    });
    for (const subscription of options.subscriptions ?? []) this.#inbox.add(subscription);
    options.onOpen?.(this);
    line.onSkipped(({ topic }) => options.onRefused?.({ topic, why: "too-large" }));
    line.hear((packet, next) => this.#inbox.take(packet, next));
  }

  /** The broker has kept our subscriptions, and what came for us. */
  get sessionPresent(): boolean {
    return this.#line.sessionPresent;
  }

  publish(batch: readonly CloudMessage[]): Promise<readonly PublishOutcome[]> {
    const outcomes = batch.map((message) => {
      const outgoing = this.#options.encode(message);
      if ("unfit" in outgoing) return { outcome: "rejected", reason: outgoing.unfit } as const;
      const urgent = message.class === "alarm" || message.class === "reply";
      return this.#submit(outgoing, urgent ? this.#urgent : this.#waiting);
    });
    this.#launch();
    return Promise.all(outcomes);
  }

  /**
   * Sends what is no message of the outbox (an answer, a question), QoS 1, before the messages that wait.
   * @returns when it was acknowledged or refused: a cloud that does neither loses the connection, for what waits for the
   * answer would wait for ever. Never rejects.
   */
  async send(outgoing: MqttOutgoing): Promise<PublishOutcome> {
    if (this.#urgent.length >= MOST_URGENT) {
      return { outcome: "retry", reason: "too many answers wait for the cloud" };
    }
    const outcome = this.#submit(outgoing, this.#urgent);
    const late = `${this.#line.address}: it does not acknowledge what it is sent`;
    using _patience = this.#options.clock.after(this.#patienceMs(), () => this.#finish(late));
    this.#launch();
    return await outcome;
  }

  /** How long may pass before the last of the answers under way is acknowledged. */
  #patienceMs(): Ms {
    let bytes = 0;
    for (const queue of [this.#flying, this.#urgent])
      for (const { payload } of queue) bytes += payload.length;
    return ANSWER_WITHIN_MS + bytes / SLOWEST_BYTES_PER_MS;
  }

  /**
   * Hears more, from now on.
   * @throws {BridgeError} `refused` when the cloud does not let us; another code when the connection is gone.
   */
  async subscribe(subscription: MqttSubscription): Promise<void> {
    this.#inbox.add(subscription);
    await this.#subscribe(grouped(subscription));
  }

  /** Hears a subscription no longer. Does not wait for the broker. */
  unsubscribe(subscription: MqttSubscription): void {
    this.#inbox.remove(subscription);
    if (this.#end === undefined) this.#line.client.unsubscribe([...subscription.filters], () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish("closed by the gateway");
    await this.closed;
  }

  async #subscribe(filters: readonly Filter[]): Promise<void> {
    const portion = this.#options.filtersPerSubscribe ?? 8;
    for (let at = 0; at < filters.length; at += portion) {
      if (this.#end !== undefined) throw new BridgeError("unreachable", this.#end);
      await this.#subscribePortion(filters.slice(at, at + portion));
    }
  }

  async #subscribePortion(portion: readonly Filter[]): Promise<void> {
    const { client, address } = this.#line;
    const late = `${address}: it does not answer a subscription`;
    using _patience = this.#options.clock.after(SUBACK_WITHIN_MS, () => this.#finish(late));
    // 5.0 §3.8.3.1: with `rap` a message says whether it was retained, as 3.1.1 always does for those sent at once.
    const terms = portion.map(
      ({ filter, qos, noLocal }) => [filter, { qos, rap: true, nl: noLocal }] as const,
    );
    try {
      const granted = await client.subscribeAsync(Object.fromEntries(terms));
      const refused = granted.find(({ qos }) => Number(qos) >= 0x80);
      if (refused !== undefined) throw notAllowed(address, refused.topic);
    } catch (error) {
      if (error instanceof BridgeError) throw error;
      // With a SUBACK the cloud refused; without one the connection is gone.
      const { packet } = error as { packet?: unknown };
      if (packet !== undefined) throw notAllowed(address, portion.map(({ filter }) => filter).join(", "));
      throw new BridgeError("unreachable", this.#end ?? `${address}: it closed the connection`, {
        cause: error,
      });
    }
  }

  #submit(outgoing: MqttOutgoing, queue: Parcel[]): PublishOutcome | Promise<PublishOutcome> {
    const { payload } = outgoing;
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const problem = this.#unfit({ ...outgoing, payload: bytes });
    if (problem !== undefined) return { outcome: "rejected", reason: problem };
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
    queue.push({ ...outgoing, payload: bytes, answer: resolve });
    return promise;
  }

  #unfit(outgoing: MqttOutgoing): string | undefined {
    const { topic } = outgoing;
    const topicBytes = Buffer.byteLength(topic);
    if (
      NOT_IN_TOPIC.some((part) => topic.includes(part)) ||
      topicBytes === 0 ||
      topicBytes > MAX_TOPIC_BYTES
    ) {
      return "its topic is not allowed in MQTT";
    }
    const { maxPacketBytes } = this.#line;
    if (maxPacketBytes === undefined) return undefined;
    const bytes = publishBytes(outgoing);
    if (bytes <= maxPacketBytes) return undefined;
    return `it has ${bytes} bytes, and the broker takes ${maxPacketBytes}`;
  }

  /** Sends what may be in flight, in the order in which it was handed in. */
  #launch(): void {
    if (this.#end !== undefined) {
      const reason = this.#end;
      for (const queue of [this.#urgent, this.#waiting]) {
        for (const parcel of queue.splice(0)) parcel.answer({ outcome: "retry", reason });
      }
      return;
    }
    const { client, inFlight, protocolVersion } = this.#line;
    while (this.#flying.size < this.#options.careful.limit(inFlight)) {
      const parcel = this.#urgent.shift() ?? this.#waiting.shift();
      if (parcel === undefined) return;
      this.#flying.add(parcel);
      const { topic, payload, retain = false, properties } = parcel;
      const options: IClientPublishOptions = {
        qos: 1,
        retain,
        ...(properties === undefined || protocolVersion === 4 ? {} : { properties }),
      };
      client.publish(topic, payload, options, (error) => this.#onAnswer(parcel, error));
    }
  }

  #onAnswer(parcel: Parcel, error: Error | undefined | null): void {
    if (!this.#flying.delete(parcel)) return;
    this.#options.careful.passed();
    const code = (error as { code?: unknown } | null | undefined)?.code;
    if (error === undefined || error === null) parcel.answer({ outcome: "acknowledged" });
    else if (typeof code === "number") parcel.answer(refusal(code));
    else parcel.answer({ outcome: "retry", reason: error.message });
    this.#launch();
  }

  #onError(error: Error): void {
    if (error.message !== UNKNOWN_PUBACK) {
      this.#finish(this.#line.fault(error).message);
      return;
    }
    const [only, ...others] = this.#flying;
    if (only !== undefined && others.length === 0) {
      this.#flying.delete(only);
      this.#options.careful.passed();
      only.answer({
        outcome: "rejected",
        reason: "refused with a reason code unknown to MQTT 5; it may be too large",
      });
    } else this.#options.careful.begin();
    // The parser threw away what came behind the packet that it could not read: answers may be among it.
    this.#finish(`${this.#line.address}: it refused a message with a reason code that MQTT 5 does not know`);
  }

  #finish(reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#inbox.close();
    for (const parcel of this.#flying) parcel.answer({ outcome: "retry", reason });
    this.#flying.clear();
    this.#launch();
    this.#line.client.end(true);
    this.#resolveClosed(reason);
  }
}

/** Bytes of a PUBLISH, at most. */
export function publishBytes({ topic, payload, properties }: MqttOutgoing): number {
  const payloadBytes = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  return PUBLISH_OVERHEAD_BYTES + Buffer.byteLength(topic) + payloadBytes + propertyBytes(properties);
}

/** MQTT 5.0 §3.3.2.3: an identifier and a length before each, numbers up to four bytes. */
function propertyBytes(properties: MqttOutgoing["properties"]): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name === "userProperties") {
      for (const [key, text] of Object.entries(value as Record<string, string | string[]>)) {
        for (const one of [text].flat()) bytes += 5 + Buffer.byteLength(key) + Buffer.byteLength(one);
      }
    } else if (typeof value === "string") bytes += 3 + Buffer.byteLength(value);
    else if (Buffer.isBuffer(value)) bytes += 3 + value.length;
    else bytes += 5;
  }
  return bytes === 0 ? 0 : bytes + 3;
}

function grouped({ filters, qos, noLocal = false }: MqttSubscription): readonly Filter[] {
  return filters.map((filter) => ({ filter, qos, noLocal }));
}

function notAllowed(address: string, filter: string): BridgeError {
  return new BridgeError("refused", `${address}: it does not let us subscribe to ${filter}`);
}
