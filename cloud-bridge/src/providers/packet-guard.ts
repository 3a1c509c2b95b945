import type { Socket } from "node:net";
import { Transform, type TransformCallback } from "node:stream";

export interface OversizedPublish {
  readonly topic: string;
  /** Of the whole packet. */
  readonly bytes: number;
  /** Where it waits for an answer (QoS 1). */
  readonly packetId?: number;
}

export interface PacketGuardOptions {
  /** Largest packet that passes. */
  readonly maxBytes: number;
  readonly onSkipped: (publish: OversizedPublish) => void;
}

export interface IncomingOptions extends PacketGuardOptions {
  /** Why the socket is closed over what came; mqtt.js keeps that to itself. */
  readonly onBroken: (reason: string) => void;
}

const PUBLISH = 3;

/**
 * Lets MQTT packets pass, and takes out a PUBLISH that is larger than `maxBytes` without holding it: the parser behind
 * it collects a whole packet in memory before it looks at it, and a packet may have 256 MB. Any other packet of such a
 * size is a broken peer's, and ends the stream. So does a PUBLISH of QoS 2 (or 3), which nobody here subscribes to
 * (MQTT 3.1.1 §3.8.4: what is granted is the most that comes): each would be held until the peer releases it, and that
 * is 65,535 of them, or never.
 */
export class PacketGuard extends Transform {
  readonly #options: PacketGuardOptions;
  /** The beginning of a packet that cannot be judged yet: at most a fixed header and a topic. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the packet under way that pass. */
  #pass = 0;
  /** Bytes of the packet under way that do not. */
  #skip = 0;

  constructor(options: PacketGuardOptions) {
    super();
    this.#options = options;
  }

  override _transform(arrived: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#held.length === 0 ? arrived : Buffer.concat([this.#held, arrived]);
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#pass > 0) {
        const taken = Math.min(this.#pass, bytes.length - at);
        this.#pass -= taken;
        at += taken;
      } else if (this.#skip > 0) {
        const taken = Math.min(this.#skip, bytes.length - at);
        this.#skip -= taken;
        at += taken;
        from = at;
      } else {
        const size = packetSize(bytes, at);
        if (size === undefined) break;
        if (isUnasked(bytes[at] ?? 0)) {
          done(new Error("it sent a message of QoS 2, which nobody has asked for"));
          return;
        }
        if (size <= this.#options.maxBytes) this.#pass = size;
        else if ((bytes[at] ?? 0) >> 4 !== PUBLISH || !Number.isFinite(size)) {
          done(new Error(`it sent a packet of ${size} bytes`));
          return;
        } else {
          const publish = publishHead(bytes, at, size);
          if (publish === undefined) break;
          if (at > from) this.push(bytes.subarray(from, at));
          from = at;
          this.#skip = size;
          this.#options.onSkipped(publish);
        }
      }
    }
    if (at > from) this.push(bytes.subarray(from, at));
    this.#held = bytes.subarray(at);
    done();
  }
}

/** Puts a guard before everything that reads from a socket. */
export function guardIncoming(socket: Socket, options: IncomingOptions): void {
  const guard = new PacketGuard(options);
  guard.on("error", (error) => {
    options.onBroken(error.message);
    socket.destroy(error);
  });
  const pipe = socket.pipe.bind(socket);
  socket.pipe = (destination) => pipe(guard).pipe(destination);
}

/** A PUBLISH above QoS 1. @param first byte of the packet. */
function isUnasked(first: number): boolean {
  return first >> 4 === PUBLISH && (first & 0x04) !== 0;
}

/**
 * MQTT 3.1.1 §2.2: type, flags and remaining length.
 * @returns bytes of the whole packet at `at`; `undefined` where its length is not there yet. A length that is none (five
 * bytes) gives `Infinity` bytes.
 */
function packetSize(bytes: Buffer, at: number): number | undefined {
  let remaining = 0;
  for (let index = 1; index <= 4; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) return 1 + index + remaining;
  }
  return Number.POSITIVE_INFINITY;
}

/** MQTT 3.1.1 §3.3.2: topic and packet identifier. @returns `undefined` where not all of it is there yet. */
function publishHead(bytes: Buffer, at: number, size: number): OversizedPublish | undefined {
  let start = at + 1;
  while ((bytes[start] ?? 0) >= 0x80) start++;
  start++;
  if (bytes.length < start + 2) return undefined;
  const end = start + 2 + bytes.readUInt16BE(start);
  const qos = ((bytes[at] ?? 0) >> 1) & 3;
  const needed = qos === 0 ? end : end + 2;
  if (bytes.length < needed) return undefined;
  const topic = bytes.toString("utf8", start + 2, end);
  return { topic, bytes: size, ...(qos === 1 ? { packetId: bytes.readUInt16BE(end) } : {}) };
}
