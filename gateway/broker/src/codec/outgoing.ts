import { BlockPool } from "./block-pool.ts";
import { fieldLength, isShortAscii, type Sink, variableLength } from "./sink.ts";

const NOTHING = Buffer.alloc(0);
/** Up to here `take` copies, bytes: what Node carves from its own pool without a system call. */
const COPIED_BYTES = 4_096;
/** Idle blocks of each size, bytes: enough for 512 small sockets in one tick. */
const KEPT_BYTES_PER_CLASS = 262_144;

/** One thread, and no block outlives the tick that filled it: one pool for all. */
const blocks = new BlockPool(KEPT_BYTES_PER_CLASS);

/**
 * What waits to be written to one socket: packets are collected while a tick lasts, then `take` hands over all of
 * them in one piece for one `socket.write`. Empty, it holds no memory.
 *
 * A single frame that was appended and followed by nothing is handed over as it is: with one message to a thousand
 * subscribers of QoS 0, a thousand sockets write the same bytes, and nobody copies them.
 */
export class Outgoing implements Sink {
  #block: Buffer = NOTHING;
  #length = 0;
  /** The only content so far: somebody else's bytes. */
  #single: Buffer | undefined;

  /** Bytes collected. */
  get length(): number {
    return this.#length;
  }

  /** The block in which `claim` gave room. It may be another after the next claim. */
  get bytes(): Buffer {
    return this.#block;
  }

  /** Makes room for `size` bytes at the end and returns where it begins in `bytes`. All of it must be written. */
  claim(size: number): number {
    const at = this.#length;
    const length = at + size;
    if (length > this.#block.length) this.#grow(length);
    this.#length = length;
    return at;
  }

  /**
   * Adds bytes that stay as they are: a frame that others get too. They may be handed to the socket uncopied, so
   * nobody may write into them ever after.
   */
  append(frame: Buffer): void {
    if (this.#length === 0) {
      this.#single = frame;
      this.#length = frame.length;
    } else {
      this.raw(frame);
    }
  }

  /**
   * Hands over everything collected, and is empty. The bytes are the taker's; nobody writes there again.
   * @returns one buffer, empty when there is nothing.
   */
  take(): Buffer {
    const length = this.#length;
    const block = this.#block;
    const single = this.#single;
    this.#block = NOTHING;
    this.#length = 0;
    this.#single = undefined;
    if (single !== undefined) return single;
    if (length === 0) return NOTHING;
    // A large block that is mostly full goes away itself; of others the taker gets a copy that wastes nothing.
    if (length > COPIED_BYTES && length * 2 >= block.length) return block.subarray(0, length);
    const bytes = Buffer.allocUnsafe(length);
    block.copy(bytes, 0, 0, length);
    blocks.release(block);
    return bytes;
  }

  /** Forgets everything collected: the socket is gone. */
  clear(): void {
    if (this.#block !== NOTHING) blocks.release(this.#block);
    this.#block = NOTHING;
    this.#length = 0;
    this.#single = undefined;
  }

  byte(value: number): void {
    const at = this.claim(1);
    this.#block[at] = value;
  }

  twoBytes(value: number): void {
    writeTwoBytes(value, this.claim(2), this.#block);
  }

  fourBytes(value: number): void {
    const at = this.claim(4);
    this.#block.writeUInt32BE(value, at);
  }

  variable(value: number): void {
    const at = this.claim(variableLength(value));
    writeVariable(value, at, this.#block);
  }

  text(value: string): void {
    const length = isShortAscii(value) ? value.length : fieldLength(Buffer.byteLength(value));
    const at = this.claim(2 + length);
    writeText(value, length, at, this.#block);
  }

  binary(value: Buffer): void {
    const at = this.claim(2 + fieldLength(value.length));
    writeTwoBytes(value.length, at, this.#block);
    value.copy(this.#block, at + 2);
  }

  raw(value: Buffer): void {
    const at = this.claim(value.length);
    value.copy(this.#block, at);
  }

  #grow(length: number): void {
    const before = this.#single ?? this.#block;
    const used = this.#length;
    const larger = blocks.acquire(length);
    before.copy(larger, 0, 0, used);
    if (this.#block !== NOTHING) blocks.release(this.#block);
    this.#block = larger;
    this.#single = undefined;
  }
}

/** Writes a big-endian number of two bytes at `at`; returns what is behind it. */
export function writeTwoBytes(value: number, at: number, bytes: Buffer): number {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
  return at + 2;
}

/** Writes a Variable Byte Integer at `at` (3.1.1 §2.2.3, 5.0 §1.5.5); returns what is behind it. */
export function writeVariable(value: number, at: number, bytes: Buffer): number {
  let rest = value;
  let next = at;
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** Writes a string of `length` bytes with its length at `at`; returns what is behind it. */
export function writeText(text: string, length: number, at: number, bytes: Buffer): number {
  const start = writeTwoBytes(length, at, bytes);
  if (isShortAscii(text)) {
    for (let index = 0; index < length; index++) bytes[start + index] = text.charCodeAt(index);
  } else {
    bytes.write(text, start, length, "utf8");
  }
  return start + length;
}
