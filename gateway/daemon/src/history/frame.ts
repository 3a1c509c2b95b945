import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";

/** Bytes before the content: how it is packed, and the CRC-32 of what follows. */
const HEAD_BYTES = 5;
const PLAIN = 0;
const DEFLATED = 1;
/** Shorter ones do not get shorter. In bytes. */
const WORTH_PACKING = 40;
/** What a block may unpack to: whoever damaged it does not fill the memory. In bytes. */
const LARGEST = 33_554_432;
/** Blocks are small: a window of 4 kB and little memory for each call. */
const PACKING = { level: 6, windowBits: 12, memLevel: 5 } as const;

/** What zlib adds to content that does not get shorter, at most. In bytes. */
const PACKING_ROOM = 64;

/** Packs a block, and seals it: SQLite does not notice a page that says something else than was written. */
export function seal(content: Uint8Array): Buffer {
  const packed = content.length < WORTH_PACKING ? content : deflated(content);
  const [kind, body] = packed.length < content.length ? [DEFLATED, packed] : [PLAIN, content];
  const block = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  block[0] = kind;
  block.writeUInt32LE(crc32(body), 1);
  block.set(body, HEAD_BYTES);
  return block;
}

/** Each call makes its output as large as it is told to, 16 kB unasked: ten thousand of a window would stay for long. */
function deflated(content: Uint8Array): Buffer {
  return deflateRawSync(content, { ...PACKING, chunkSize: content.length + PACKING_ROOM });
}

/** @returns the content, or undefined when the bytes are not what was sealed. */
export function unseal(block: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  if (bytes.length < HEAD_BYTES) return undefined;
  const body = bytes.subarray(HEAD_BYTES);
  if (crc32(body) !== bytes.readUInt32LE(1)) return undefined;
  if (bytes[0] === PLAIN) return body;
  if (bytes[0] !== DEFLATED) return undefined;
  try {
    return inflateRawSync(body, { maxOutputLength: LARGEST });
  } catch {
    return undefined; // zlib has no other way to say so.
  }
}
