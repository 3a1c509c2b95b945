import { crc32 } from "node:zlib";
import { type BlockHeader, COLUMNS, type Mark, TRUSTS } from "./block-layout.ts";
import { LARGEST_CONTENT, type PackedBlock } from "./block-packing.ts";
import { ByteSink } from "./byte-sink.ts";
import { ByteSource, DamagedBytes } from "./byte-source.ts";

/** Begins every frame, so that the next one is found behind a damaged one. */
const MAGIC = Buffer.from([0xf5, 0x54, 0x45, 0x4a]); // 0xf5 is in no UTF-8 text.
/** Magic, length and checksum. In bytes. */
const FRAME_BYTES = 12;
const VERSION = 1;
/** A file with more wrong frames is another kind of file; each of them costs a checksum. */
const MOST_WRONG = 64;
const LONGEST_ID = 200;

const FLAGS = { keyframe: 1, stepped: 2, believed: 4 } as const;

/**
 * Writes a block as it stands in a file: the magic word, the length of what follows the checksum and the CRC-32 of it (4
 * bytes each, little endian), then the header and the packed columns.
 */
export function frameOf({ header, packed }: PackedBlock): Buffer {
  const sink = new ByteSink();
  sink.byte(VERSION);
  const { believed } = header;
  sink.byte(
    (header.keyframe ? FLAGS.keyframe : 0) |
      (header.stepped ? FLAGS.stepped : 0) |
      (believed === undefined ? 0 : FLAGS.believed),
  );
  sink.unsigned(header.run);
  sink.text(header.bootId);
  sink.unsigned(header.firstSeq);
  sink.unsigned(header.nextSeq - header.firstSeq);
  writeMark(sink, header.first);
  writeMark(sink, header.last);
  if (believed !== undefined) writeMark(sink, believed);
  for (const bytes of header.columns) sink.unsigned(bytes);
  const bodyBytes = sink.length + packed.length;
  const frame = Buffer.allocUnsafe(FRAME_BYTES + bodyBytes);
  MAGIC.copy(frame);
  sink.copyTo(frame, FRAME_BYTES);
  packed.copy(frame, FRAME_BYTES + sink.length);
  frame.writeUInt32LE(bodyBytes, 4);
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_BYTES)), 8);
  return frame;
}

/** What a file of frames holds. */
export interface FoundFrames {
  readonly blocks: readonly PackedBlock[];
  /** Places where something else stood than a whole frame. */
  readonly damaged: number;
}

/** Reads whole frames and steps over everything else: a torn end, changed bytes, another file. */
export function readFrames(content: Buffer): FoundFrames {
  const blocks: PackedBlock[] = [];
  let damaged = 0;
  let wrong = 0;
  let inFrames = true;
  let at = 0;
  while (at >= 0 && at < content.length && wrong < MOST_WRONG) {
    const found = frameAt(content, at);
    if (found !== undefined) {
      blocks.push(found.block);
      at = found.end;
    } else {
      // Up to the next whole frame it is one damage.
      if (inFrames) damaged++;
      wrong++;
      at = content.indexOf(MAGIC, at + 1);
    }
    inFrames = found !== undefined;
  }
  return { blocks, damaged };
}

function frameAt(content: Buffer, at: number): { block: PackedBlock; end: number } | undefined {
  const start = at + FRAME_BYTES;
  if (start > content.length || content.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) {
    return undefined;
  }
  const end = start + content.readUInt32LE(at + 4);
  if (end > content.length) return undefined;
  const body = content.subarray(start, end);
  if (crc32(body) !== content.readUInt32LE(at + 8)) return undefined;
  const block = readBody(body);
  return block === undefined ? undefined : { block, end };
}

/** @returns undefined when another program wrote it. */
function readBody(body: Buffer): PackedBlock | undefined {
  const source = new ByteSource(body);
  try {
    if (source.byte() !== VERSION) return undefined;
    const flags = source.byte();
    const run = source.unsigned();
    const bootId = source.text();
    const firstSeq = source.unsigned();
    const nextSeq = firstSeq + source.unsigned();
    const first = readMark(source);
    const last = readMark(source);
    const believed = (flags & FLAGS.believed) === 0 ? undefined : readMark(source);
    const columns = COLUMNS.map(() => source.unsigned());
    const sum = columns.reduce((bytes, column) => bytes + column, 0);
    if (sum > LARGEST_CONTENT || bootId.length > LONGEST_ID) return undefined;
    const header: BlockHeader = {
      run,
      bootId,
      keyframe: (flags & FLAGS.keyframe) !== 0,
      stepped: (flags & FLAGS.stepped) !== 0,
      firstSeq,
      nextSeq,
      first,
      last,
      believed,
      columns,
    };
    return { header, packed: source.remainder() };
  } catch (error) {
    if (error instanceof DamagedBytes) return undefined;
    throw error;
  }
}

function writeMark(sink: ByteSink, { monotonic, offset, trust }: Mark): void {
  sink.double(monotonic);
  sink.double(offset);
  sink.byte(TRUSTS.indexOf(trust));
}

function readMark(source: ByteSource): Mark {
  const monotonic = source.double();
  const offset = source.double();
  const trust = TRUSTS[source.byte()];
  if (!Number.isFinite(monotonic + offset) || trust === undefined)
    throw new DamagedBytes("has no such clock");
  return { monotonic, offset, trust };
}
