import { setImmediate as nextTurn } from "node:timers/promises";
import type { ThingRecord } from "@tram/core";
import type { Reading } from "@tram/protocol";
import { BlockEncoder, type Stamp } from "./block-encoder.ts";
import { BLOCK_BYTES, type BlockHeader, type RawBlock } from "./block-layout.ts";

/** What the house knows at a moment: whoever reads from here on needs nothing from before. */
export interface KnownHouse {
  readonly things: readonly ThingRecord[];
  readonly readings: readonly Reading[];
}

/** Facts that are written before others get their turn. */
const PER_TURN = 64;

/**
 * Writes down what is known, a little in each turn of the event loop: descriptions are long.
 * @param stamp of the moment when it was so.
 */
export async function* keyframeBlocks(
  origin: Pick<BlockHeader, "run" | "bootId">,
  { things, readings }: KnownHouse,
  stamp: Stamp,
): AsyncGenerator<RawBlock> {
  const encoder = new BlockEncoder(origin);
  const facts = [
    ...things.map((what) => ["known-thing", what] as const),
    ...readings.map((what) => ["known-reading", what] as const),
  ];
  for (let first = 0; first < facts.length; first += PER_TURN) {
    for (const [kind, what] of facts.slice(first, first + PER_TURN)) encoder.append(kind, what, stamp);
    if (encoder.bytes >= BLOCK_BYTES || first + PER_TURN >= facts.length) {
      const block = encoder.seal(true);
      if (block !== undefined) yield block;
    }
    await nextTurn();
  }
}
