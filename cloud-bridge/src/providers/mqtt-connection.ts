import type { CloudConnection, CloudMessage, PublishOutcome } from "@tram/core";
import type { MqttClient } from "mqtt";
import type { CarefulWindow } from "./careful-window.ts";
import { connectFault, goodbye, refusal } from "./mqtt-reason.ts";

export interface MqttConnectionOptions {
  /** `host:port`, for people. */
  readonly address: string;
  readonly topic: (message: CloudMessage) => string;
  readonly payload: (message: CloudMessage) => string;
  /** Most messages without PUBACK that the broker allows. */
  readonly inFlight: number;
  /** Largest packet that the broker takes, in bytes (MQTT 5.0 §3.2.2.3.6). */
  readonly maxPacketBytes?: number;
  readonly careful: CarefulWindow;
}

interface Parcel {
  readonly topic: string;
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

/**
 * One client on one TCP connection. mqtt.js keeps unacknowledged messages in order to send them again after *its*
 * reconnect; it never reconnects here, and this class answers for what it left.
 */
export class MqttConnection implements CloudConnection {
  readonly closed: Promise<string>;
  readonly #client: MqttClient;
  readonly #options: MqttConnectionOptions;
  /** Were handed to the client and have no PUBACK. */
  readonly #flying = new Set<Parcel>();
  /** Wait until fewer are in flight. */
  #waiting: Parcel[] = [];
  #end: string | undefined;
  readonly #resolveClosed: (reason: string) => void;

  /** @param client is connected. */
  constructor(client: MqttClient, options: MqttConnectionOptions) {
    this.#client = client;
    this.#options = options;
    const { promise, resolve } = withResolvers<string>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    client.on("error", (error) => this.#onError(error));
    client.on("disconnect", (packet) => this.#finish(goodbye(options.address, packet.reasonCode)));
    client.on("close", () => this.#finish(goodbye(options.address, undefined)));
  }

  publish(batch: readonly CloudMessage[]): Promise<readonly PublishOutcome[]> {
    const outcomes = batch.map((message) => this.#submit(message));
    this.#launch();
    return Promise.all(outcomes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish("closed by the gateway");
    await this.closed;
  }

  #submit(message: CloudMessage): Promise<PublishOutcome> {
    const topic = this.#options.topic(message);
    const payload = Buffer.from(this.#options.payload(message));
    const problem = this.#unfit(topic, payload);
    if (problem !== undefined) return Promise.resolve({ outcome: "rejected", reason: problem });
    const { promise, resolve } = withResolvers<PublishOutcome>();
    this.#waiting.push({ topic, payload, answer: resolve });
    return promise;
  }

  #unfit(topic: string, payload: Buffer): string | undefined {
    const topicBytes = Buffer.byteLength(topic);
    if (
      NOT_IN_TOPIC.some((part) => topic.includes(part)) ||
      topicBytes === 0 ||
      topicBytes > MAX_TOPIC_BYTES
    ) {
      return "its topic is not allowed in MQTT";
    }
    const bytes = PUBLISH_OVERHEAD_BYTES + topicBytes + payload.length;
    const { maxPacketBytes } = this.#options;
    if (maxPacketBytes === undefined || bytes <= maxPacketBytes) return undefined;
    return `it has ${bytes} bytes, and the broker takes ${maxPacketBytes}`;
  }

  /** Sends what may be in flight, in the order in which it was handed in. */
  #launch(): void {
    if (this.#end !== undefined) {
      const reason = this.#end;
      for (const parcel of this.#waiting.splice(0)) parcel.answer({ outcome: "retry", reason });
      return;
    }
    const { careful, inFlight } = this.#options;
    while (this.#flying.size < careful.limit(inFlight)) {
      const parcel = this.#waiting.shift();
      if (parcel === undefined) return;
      this.#flying.add(parcel);
      this.#client.publish(parcel.topic, parcel.payload, { qos: 1 }, (error) =>
        this.#onAnswer(parcel, error),
      );
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
      this.#finish(connectFault(this.#options.address, error).message);
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
    this.#finish(
      `${this.#options.address}: it refused a message with a reason code that MQTT 5 does not know`,
    );
  }

  #finish(reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    for (const parcel of this.#flying) parcel.answer({ outcome: "retry", reason });
    this.#flying.clear();
    this.#launch();
    this.#client.end(true);
    this.#resolveClosed(reason);
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
