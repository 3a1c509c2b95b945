import { expect, test } from "vitest";
import { chosenHeapMb, heapFlags } from "./heap.ts";

const MB = 1_048_576;

test.each([
  [
    128,
    "--max-semi-space-size=1",
    "--max-old-space-size=64",
    "--no-maglev-destroy-on-background",
    "--optimize-for-size",
  ],
  [
    256,
    "--max-semi-space-size=1",
    "--max-old-space-size=64",
    "--no-maglev-destroy-on-background",
    "--optimize-for-size",
  ],
  [512, "--max-semi-space-size=1", "--max-old-space-size=128", "--no-maglev-destroy-on-background"],
  [2_048, "--max-semi-space-size=2", "--max-old-space-size=512", "--no-maglev-destroy-on-background"],
  [65_536, "--max-semi-space-size=2", "--max-old-space-size=512", "--no-maglev-destroy-on-background"],
])("%i MB of memory", (memoryMb, ...flags) => {
  expect(heapFlags(memoryMb * MB)).toEqual(flags);
});

test("a chosen old generation leaves the rest to the memory", () => {
  expect(heapFlags(256 * MB, 96)).toEqual([
    "--max-semi-space-size=1",
    "--max-old-space-size=96",
    "--no-maglev-destroy-on-background",
    "--optimize-for-size",
  ]);
  expect(heapFlags(8_192 * MB, 32)).toEqual([
    "--max-semi-space-size=2",
    "--max-old-space-size=32",
    "--no-maglev-destroy-on-background",
  ]);
});

test("a Node that is newer than any that was tried gets no option that it may not know", () => {
  expect(heapFlags(8_192 * MB, undefined, "26.0.0")).toEqual([
    "--max-semi-space-size=2",
    "--max-old-space-size=512",
  ]);
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["32", 32],
  ["4096", 4_096],
])("TRAM_HEAP_MB=%s asks for %s", (text, heapMb) => {
  expect(chosenHeapMb({ TRAM_HEAP_MB: text })).toBe(heapMb);
});

test.each(["31", "4097", "64 MB", "-64", "1e3", "0x40", "64.5"])("TRAM_HEAP_MB=%s is refused", (text) => {
  expect(chosenHeapMb({ TRAM_HEAP_MB: text })).toBe(
    `environment: TRAM_HEAP_MB: expected a whole number from 32 to 4096, found "${text}"`,
  );
});
