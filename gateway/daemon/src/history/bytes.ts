/** Integers of the codecs: up to this, either side of 0, so that twice of it is still exact. */
export const MOST_INTEGER = 2 ** 51;

/** Writes the small numbers that a block is made of. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1: 7 bits a byte, the lowest first. */
  natural(value: number): void {
    this.#room(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#length++] = (left % 0x80) + 0x80;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#length++] = left;
  }

  /** A whole number either side of 0, at most `2 * MOST_INTEGER` away: small ones take few bytes. */
  integer(value: number): void {
    this.natural(value < 0 ? -2 * value - 1 : 2 * value);
  }

  float(value: number): void {
    this.#room(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.natural(length);
    this.#room(length);
    this.#bytes.write(value, this.#length);
    this.#length += length;
  }

  bytes(value: Uint8Array): void {
    this.natural(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** What was written; good until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** The bytes are no block: cut off, or not what they say. Caught by the codecs, which answer `undefined`. */
export class BrokenBlock extends Error {}

export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new BrokenBlock("ends too early");
    return value;
  }

  natural(): number {
    // Nearly all of them are small.
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.#at++;
      return first;
    }
    return this.#long();
  }

  #long(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
      const byte = this.byte();
      if (byte < 0x80) return value + byte * factor;
      value += (byte - 0x80) * factor;
    }
    throw new BrokenBlock("has a number that is too long");
  }

  integer(): number {
    const value = this.natural();
    if (value < 0x80) return (value >> 1) ^ -(value & 1);
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  float(): number {
    this.#need(8);
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    return this.bytes().toString("utf8");
  }

  bytes(): Buffer {
    const length = this.natural();
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A count of things that each take at least `least` bytes: no more than there can be. */
  count(least = 1): number {
    const count = this.natural();
    if (count * least > this.left) throw new BrokenBlock("counts more than it holds");
    return count;
  }

  #need(length: number): void {
    if (length > this.left) throw new BrokenBlock("ends too early");
  }
}

/** @returns what `decode` makes of bytes, or undefined when they are no block. */
export function decoded<T>(bytes: Uint8Array, decode: (reader: ByteReader) => T): T | undefined {
  try {
    return decode(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof BrokenBlock) return undefined;
    throw error;
  }
}
