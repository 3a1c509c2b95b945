import type { Tier } from "./tiers.ts";

/** Most properties that a history knows: 20 bits of a block's id. */
export const MOST_PROPERTIES = 2 ** 20;
const MOST_BLOCKS = 2 ** 24;
/** Parts of a window: 16 bits of a chunk's id. */
const MOST_PARTS = 2 ** 16;

/**
 * Id of a block: tier, then time, then property. What is written together lies together, and so does what is dropped
 * together.
 */
export function blockId(tier: Tier, number: number, property: number): number {
  return (tier.index * MOST_BLOCKS + number) * MOST_PROPERTIES + property;
}

/** Number of the block's stretch of time within its tier. */
export function blockNumberOf(id: number): number {
  return Math.floor(id / MOST_PROPERTIES) % MOST_BLOCKS;
}

/** Id of a chunk: the window, then the part. */
export function chunkId(window: number, part: number): number {
  return window * MOST_PARTS + part;
}

export function windowOf(id: number): number {
  return Math.floor(id / MOST_PARTS);
}

export function partOfChunk(id: number): number {
  return id % MOST_PARTS;
}
