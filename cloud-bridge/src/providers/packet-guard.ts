import type { Socket } from "node:net";
import { Transform, type TransformCallback } from "node:stream";
import { TokenBucket } from "@tram/core";
import type { Ms } from "@tram/protocol";

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
  /** Messages of QoS 1 that were sent on this line so far. */
  readonly published: () => number;
  /** Bytes that wait in our memory until the peer reads them. */
  readonly unread: () => number;
  /** The monotonic clock. */
  readonly now: () => Ms;
}

export interface IncomingOptions extends PacketGuardOptions {
  /** Why the socket is closed over what came; mqtt.js keeps that to itself. */
  readonly onBroken: (reason: string) => void;
}

const PUBLISH = 3;
const PUBACK = 4;
/** MQTT 3.1.1 §2.2.1: what belongs to QoS 2, and what only a client sends. */
const FOREIGN: ReadonlyMap<number, string> = new Map([
  [1, "CONNECT"],
  [5, "PUBREC"],
  [6, "PUBREL"],
  [7, "PUBCOMP"],
  [8, "SUBSCRIBE"],
  [10, "UNSUBSCRIBE"],
  [12, "PINGREQ"],
]);
/** Packets that are neither messages nor answers to ours, a second: a broker has a few of them a minute to send. */
const MOST_OTHERS_PER_S = 1_000;
/** Packets that go on together: mqtt.js goes through them without a break, before anything else has its turn. */
const PORTION = 256;
/** More than all messages that may be in flight, each as long as any cloud takes it. */
const MOST_UNREAD_BYTES = 16 * 1_048_576;

/**
 * Lets MQTT packets pass, and takes out a PUBLISH that is larger than `maxBytes` without holding it: the parser behind
 * it collects a whole packet in memory before it looks at it, and a packet may have 256 MB. Any other packet of such a
 * size is a broken peer's, and ends the stream. So does a PUBLISH of QoS 2 (or 3), which nobody here subscribes to
 * (MQTT 3.1.1 §3.8.4: what is granted is the most that comes): each would be held until the peer releases it, and that
 * is 65,535 of them, or never. And so do floods of what costs a broker two bytes and us a turn: mqtt.js does nothing else
 * while such packets come. An answer to what was published counts as nothing, as long as it is one.
 */
export class PacketGuard extends Transform {
  readonly #options: PacketGuardOptions;
  /** The beginning of a packet that cannot be judged yet: at most a fixed header and a topic. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the packet under way that pass. */
  #pass = 0;
  /** Bytes of the packet under way that do not. */
  #skip = 0;
  #acknowledged = 0;
  readonly #others: TokenBucket;

  constructor(options: PacketGuardOptions) {
    super();
    this.#options = options;
    this.#others = new TokenBucket(MOST_OTHERS_PER_S, MOST_OTHERS_PER_S, options.now());
  }

  override _transform(arrived: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#options.unread() > MOST_UNREAD_BYTES) done(new Error("it does not read what it is sent"));
    else this.#handOn(this.#held.length === 0 ? arrived : Buffer.concat([this.#held, arrived]), 0, done);
  }

  #handOn(bytes: Buffer, start: number, done: TransformCallback): void {
    let from = start;
    let at = start;
    let packets = 0;
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
      } else if (packets === PORTION) {
        this.push(bytes.subarray(from, at));
        setImmediate(() => {
          if (!this.destroyed) this.#handOn(bytes, at, done);
        });
        return;
      } else {
        const size = packetSize(bytes, at);
        if (size === undefined) break;
        packets++;
        const problem = this.#problemOf(bytes[at] ?? 0);
        if (problem !== undefined) {
          done(new Error(problem));
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

  /** Why a packet ends the stream. @param first byte of it. */
  #problemOf(first: number): string | undefined {
    const type = first >> 4;
    if (type === PUBLISH) {
      return isUnasked(first) ? "it sent a message of QoS 2, which nobody has asked for" : undefined;
    }
    const foreign = FOREIGN.get(type);
    if (foreign !== undefined) return `it sent a ${foreign}, which nobody has asked for`;
    if (type === PUBACK && this.#acknowledged < this.#options.published()) {
      this.#acknowledged++;
      return undefined;
    }
    if (this.#others.take(1, this.#options.now())) return undefined;
    return `it sends more than ${MOST_OTHERS_PER_S} packets a second that answer nothing`;
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
