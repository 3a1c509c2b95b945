import { expect, test } from "vitest";
import { heapFlags } from "./heap.ts";

const MB = 1_048_576;

test.each([
  [128, "--max-semi-space-size=1", "--max-old-space-size=64", "--optimize-for-size"],
  [256, "--max-semi-space-size=1", "--max-old-space-size=64", "--optimize-for-size"],
  [512, "--max-semi-space-size=1", "--max-old-space-size=128"],
  [2_048, "--max-semi-space-size=2", "--max-old-space-size=512"],
  [65_536, "--max-semi-space-size=2", "--max-old-space-size=512"],
])("%i MB of memory", (memoryMb, ...flags) => {
  expect(heapFlags(memoryMb * MB)).toEqual(flags);
});
