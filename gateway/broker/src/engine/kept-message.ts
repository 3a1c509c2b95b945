import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { QoS } from "../codec/packet.ts";
import type { TopicName } from "../topics/index.ts";
import { type ForwardedProperties, Message } from "./message.ts";

/**
 * A longer payload stays bytes outside of V8's heap, which is small on a router; below it, what V8 needs for a buffer is
 * several times what is in it. In bytes.
 */
const LONGEST_TEXT = 256;

/**
 * What the gateway itself says it says seldom: that is packed from this length on, to a fifth where it is a description.
 * What devices say may come often, and packing takes longer than all the rest. In bytes.
 */
const WORTH_PACKING = 512;
const LARGEST_PACKED = 65_536;
/** Little memory for each call. */
const PACKING = { windowBits: 12, memLevel: 5 } as const;
/** What does not get shorter gets longer by less than this. In bytes. */
const PACKING_ROOM = 64;

/**
 * A retained message as memory keeps it, for months perhaps and ten thousand times: without what is only good on its way.
 * A short payload is a string with a character for each byte. A buffer would be four times as large, and as a view of
 * Node's pool it would hold 64 kB that are used no more.
 */
export class KeptMessage {
  readonly #payload: string | Buffer;
  /** How long it is when it is unpacked; 0 for one that is not packed. In bytes. */
  readonly #packedBytes: number;
  readonly #qos: QoS;
  readonly #properties: ForwardedProperties;
  /** The store has it too. What the gateway itself says is in memory alone. */
  readonly isStored: boolean;

  constructor({ payload, properties, qos }: Message, isStored: boolean) {
    this.isStored = isStored;
    const packed = isStored ? undefined : pack(payload);
    this.#packedBytes = packed === undefined ? 0 : payload.length;
    this.#payload = packed ?? (payload.length <= LONGEST_TEXT ? payload.toString("latin1") : copyOf(payload));
    this.#qos = qos;
    this.#properties = properties;
  }

  /** The message on its way again. @param expiresAt by the monotonic clock; `Infinity` for never. */
  message(topic: TopicName, expiresAt: number): Message {
    return new Message({
      topic,
      payload: this.#bytes(),
      qos: this.#qos,
      retain: true,
      properties: this.#properties,
      expiresAt: expiresAt === Infinity ? undefined : expiresAt,
    });
  }

  #bytes(): Buffer {
    const payload = this.#payload;
    if (typeof payload === "string") return Buffer.from(payload, "latin1");
    return this.#packedBytes === 0 ? payload : inflateRawSync(payload, { chunkSize: this.#packedBytes });
  }
}

/** @returns undefined where that is not worth it. */
function pack(payload: Buffer): Buffer | undefined {
  const { length } = payload;
  if (length < WORTH_PACKING || length > LARGEST_PACKED) return undefined;
  const packed = deflateRawSync(payload, { ...PACKING, chunkSize: length + PACKING_ROOM });
  return 2 * packed.length < length ? copyOf(packed) : undefined;
}

function copyOf(payload: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return copy;
}
