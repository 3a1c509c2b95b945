import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import type { BlockHeader, RawBlock } from "./block-layout.ts";

/** In libuv's threads: the event loop does not wait for it. */
const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/**
 * zlib's own default. Measured with 100 sensors and 8,192 events a block: 2.2 bytes an event at this level and at 9, 2.3
 * at 1, all near 0.12 µs an event. zstd is twice as fast and not smaller; not every build of Node has it.
 */
const LEVEL = 6;
/** What a block may become when it is unpacked; one event alone may be as large as a message. In bytes. */
export const LARGEST_CONTENT = 16_777_216;

export interface PackedBlock {
  readonly header: BlockHeader;
  readonly packed: Buffer;
}

export async function pack({ header, content }: RawBlock): Promise<PackedBlock> {
  const packed = await deflate(content, { level: LEVEL });
  // zlib gives a piece of a larger buffer, which would be held with it.
  return { header, packed: Buffer.from(new Uint8Array(packed).buffer) };
}

/** @returns undefined when the bytes are not what was packed. */
export async function unpack({ header, packed }: PackedBlock): Promise<RawBlock | undefined> {
  const bytes = header.columns.reduce((sum, column) => sum + column, 0);
  if (bytes > LARGEST_CONTENT) return undefined;
  try {
    const content = await inflate(packed, { maxOutputLength: Math.max(1, bytes) });
    return content.length === bytes ? { header, content } : undefined;
  } catch {
    return undefined; // Not deflated, or longer than it says.
  }
}
