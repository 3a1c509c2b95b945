import type { QoS } from "../codec/packet.ts";
import type { TopicName } from "../topics/index.ts";
import { type ForwardedProperties, Message } from "./message.ts";

/**
 * A longer payload stays bytes outside of V8's heap, which is small on a router; below it, what V8 needs for a buffer is
 * several times what is in it. In bytes.
 */
const LONGEST_TEXT = 256;

/**
 * A retained message as memory keeps it, for months perhaps and ten thousand times: without what is only good on its way.
 * A short payload is a string with a character for each byte. A buffer would be four times as large, and as a view of
 * Node's pool it would hold 64 kB that are used no more.
 */
export class KeptMessage {
  readonly #payload: string | Buffer;
  readonly #qos: QoS;
  readonly #properties: ForwardedProperties;
  /** The store has it too. What the gateway itself says is in memory alone. */
  readonly isStored: boolean;

  constructor({ payload, properties, qos }: Message, isStored: boolean) {
    this.isStored = isStored;
    this.#payload = payload.length <= LONGEST_TEXT ? payload.toString("latin1") : copyOf(payload);
    this.#qos = qos;
    this.#properties = properties;
  }

  /** The message on its way again. @param expiresAt by the monotonic clock; `Infinity` for never. */
  message(topic: TopicName, expiresAt: number): Message {
    const payload = this.#payload;
    return new Message({
      topic,
      payload: typeof payload === "string" ? Buffer.from(payload, "latin1") : payload,
      qos: this.#qos,
      retain: true,
      properties: this.#properties,
      expiresAt: expiresAt === Infinity ? undefined : expiresAt,
    });
  }
}

function copyOf(payload: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return copy;
}
