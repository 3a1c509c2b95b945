import type { Mark, RawBlock } from "./block-layout.ts";
import type { PackedBlock } from "./block-packing.ts";

/** A block as it is held: packed, or not yet. */
export type HeldBlock = PackedBlock | RawBlock;

/** How the clocks stood in a chapter. */
export interface ChapterClocks {
  /** In their order: at least the first, the last and each that has another trust than the one before. */
  readonly marks: readonly (readonly [bootId: string, mark: Mark])[];
  /** The wall clock jumped within it: its marks do not tell where its times lie. */
  readonly stepped: boolean;
}

/**
 * A part of the journal that can be read alone: it begins with what the house knew. Whoever drops the oldest part of a
 * journal drops whole chapters.
 */
export interface Chapter {
  clocks(): Promise<ChapterClocks>;
  /** Its blocks of this moment, those of what was known first. */
  blocks(): Promise<readonly HeldBlock[]>;
}

/** What JavaScript adds to the bytes of a block in memory; measured, roughly. */
const OVERHEAD_BYTES = 600;

/** Memory that a held block takes, in bytes. */
export function heldBytes(block: HeldBlock): number {
  return ("packed" in block ? block.packed.length : block.content.length) + OVERHEAD_BYTES;
}

/** The clocks of a chapter by the headers of its blocks. */
export function clocksOf(blocks: readonly HeldBlock[]): ChapterClocks {
  const marks: [string, Mark][] = [];
  let last: [string, Mark] | undefined;
  for (const { header } of blocks) {
    for (const mark of [header.first, header.believed, header.last]) {
      if (mark === undefined) continue;
      const before = marks.at(-1);
      last = [header.bootId, mark];
      if (before?.[0] !== header.bootId || before[1].trust !== mark.trust) marks.push(last);
    }
  }
  if (last !== undefined && marks.at(-1) !== last) marks.push(last);
  return { marks, stepped: blocks.some(({ header }) => header.stepped) };
}
