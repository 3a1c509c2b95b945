/**
 * Told of one packet: its first byte, and where its body lies. The bytes are somebody else's again when it returns.
 */
export type OnPacket = (head: number, bytes: Buffer, start: number, end: number) => void;

const NONE = Buffer.alloc(0);
/** 3.1.1 §2.2.3: the remaining length has four bytes at most. */
const MOST_LENGTH_BYTES = 4;

/** Finds the packets in what a socket brings, however it is cut. It allocates nothing for packets that come whole. */
export class PacketScanner {
  readonly #onPacket: OnPacket;
  #rest: Buffer = NONE;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  /** @param chunk may be written over once this returns. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const used = this.#scan(bytes);
    // A copy: the next chunk comes in the same memory.
    this.#rest = used === bytes.length ? NONE : Buffer.from(bytes.subarray(used));
  }

  /** @returns how many bytes were whole packets. */
  #scan(bytes: Buffer): number {
    const { length } = bytes;
    let at = 0;
    for (;;) {
      let start = at + 1;
      let remaining = 0;
      let digit = 0x80;
      for (let shift = 0; digit >= 0x80; shift += 7) {
        if (start >= length) return at;
        if (start - at > MOST_LENGTH_BYTES)
          throw new RangeError("a remaining length of more than four bytes");
        digit = bytes[start++] ?? 0;
        remaining |= (digit & 0x7f) << shift;
      }
      const end = start + remaining;
      if (end > length) return at;
      this.#onPacket(bytes[at] ?? 0, bytes, start, end);
      at = end;
    }
  }
}
