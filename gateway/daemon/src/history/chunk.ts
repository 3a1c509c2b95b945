import { readBuckets, writeBuckets } from "./bucket-codec.ts";
import type { Buckets } from "./buckets.ts";
import { BrokenBlock, ByteWriter, decoded } from "./bytes.ts";
import { seal, unseal } from "./frame.ts";
import type { Run } from "./run.ts";
import { readRun, writeRun } from "./run-codec.ts";
import { MINUTE } from "./tiers.ts";

/** Properties whose readings stand in one chunk: so many are folded in one step. */
export const PART_PROPERTIES = 16;

/** What one property did in one window: its readings, or, where the flash is spared, their minutes alone. */
export type ChunkEntry = { readonly id: number } & ({ readonly run: Run } | { readonly minutes: Buckets });

/** The properties of one part, as one window left them. */
export interface Chunk {
  /** When it was written, in epoch milliseconds. */
  readonly savedAt: number;
  readonly entries: readonly ChunkEntry[];
}

export function partOf(id: number): number {
  return Math.floor(id / PART_PROPERTIES);
}

const RUN = 0;
const MINUTES = 1;

/** @param chunk whose properties are all of one part. */
export function encodeChunk({ entries, savedAt }: Chunk): Buffer {
  const writer = new ByteWriter();
  writer.natural(savedAt);
  writer.natural(entries.length);
  const one = new ByteWriter();
  for (const entry of entries) {
    writer.byte(entry.id % PART_PROPERTIES);
    one.clear();
    if ("run" in entry) {
      one.byte(RUN);
      writeRun(one, entry.run);
    } else {
      one.byte(MINUTES);
      writeBuckets(one, entry.minutes, MINUTE.widthMs, 0);
    }
    writer.bytes(one.view());
  }
  return seal(writer.view());
}

/**
 * @param part whose chunk it is.
 * @param only the property that is looked for; the others are left out.
 * @returns undefined when the block is damaged.
 */
export function decodeChunk(block: Uint8Array, part: number, only?: number): Chunk | undefined {
  const content = unseal(block);
  if (content === undefined) return undefined;
  return decoded(content, (reader) => {
    const savedAt = reader.natural();
    const entries: ChunkEntry[] = [];
    for (let left = reader.count(2); left > 0; left--) {
      const id = part * PART_PROPERTIES + (reader.byte() % PART_PROPERTIES);
      const bytes = reader.bytes();
      if (only !== undefined && id !== only) continue;
      const entry = decoded(bytes, (inner) => {
        if (inner.byte() === RUN) return { id, run: readRun(inner) };
        return { id, minutes: readBuckets(inner, MINUTE.widthMs, 0) };
      });
      if (entry === undefined) throw new BrokenBlock("has an entry that is broken");
      entries.push(entry);
    }
    return { savedAt, entries };
  });
}
