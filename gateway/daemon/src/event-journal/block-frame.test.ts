import { once } from "node:events";
import { createDeflateRaw } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockEncoder, type Stamp } from "./block-encoder.ts";
import { frameOf, readFrames } from "./block-frame.ts";
import type { RawBlock } from "./block-layout.ts";
import { type PackedBlock, pack, unpack } from "./block-packing.ts";
import { recorded } from "./testing/arbitrary-happening.ts";

/** A file of a few blocks, and where each ends. */
async function file(count: number): Promise<{ blocks: PackedBlock[]; content: Buffer; ends: number[] }> {
  const encoder = new BlockEncoder({ run: 2 ** 47 + 1, bootId: "3c8b5f5e-boot" });
  const stamp: Stamp = { seq: 1, wall: 1_767_000_000_000, monotonic: 1.5, trust: "untrusted" };
  const blocks: PackedBlock[] = [];
  for (let number = 0; number < count; number++) {
    encoder.append("start", { version: `1.${number}` }, stamp);
    stamp.seq++;
    if (number === 2) {
      stamp.trust = "synced";
      encoder.append("clock", { stepMs: 0, trust: "synced" }, stamp);
      stamp.seq++;
    }
    const block = encoder.seal(number === 0) as RawBlock;
    blocks.push(await pack(block));
  }
  const frames = blocks.map(frameOf);
  const ends = frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length);
  return { blocks, content: Buffer.concat(frames), ends };
}

test("what was written is found again, header and all", async () => {
  const { blocks, content } = await file(4);
  expect(blocks[2]?.header.believed).toBeDefined();
  expect(readFrames(content)).toEqual({ blocks, damaged: 0 });
  expect(readFrames(Buffer.alloc(0))).toEqual({ blocks: [], damaged: 0 });
});

test("a file that is torn at any byte has all blocks before", async () => {
  const { blocks, content, ends } = await file(4);
  for (let length = 0; length < content.length; length++) {
    const whole = ends.filter((end) => end <= length).length;
    const found = readFrames(content.subarray(0, length));
    expect(found.blocks).toEqual(blocks.slice(0, whole));
    expect(found.damaged).toBe(length === 0 || ends.includes(length) ? 0 : 1);
  }
});

test("whatever happens to one byte, the other blocks are found", async () => {
  const { blocks, content, ends } = await file(4);
  for (let at = 0; at < content.length; at++) {
    const hit = ends.findIndex((end) => at < end);
    const changed = Buffer.from(content);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    const found = readFrames(changed);
    expect(found).toEqual({ blocks: blocks.filter((_, index) => index !== hit), damaged: 1 });
  }
});

test("other bytes between the blocks are stepped over", async () => {
  const { blocks, content, ends } = await file(3);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.constantFrom(0, ...ends), (bytes, at) => {
      const found = readFrames(Buffer.concat([content.subarray(0, at), bytes, content.subarray(at)]));
      expect(found).toEqual({ blocks, damaged: 1 });
    }),
  );
});

test("bytes that nobody wrote are no blocks, and cost little time", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(readFrames(Buffer.from(bytes)).blocks).toEqual([]);
    }),
  );
  // Each place promises a megabyte: a checksum of all of them would take minutes.
  const hostile = Buffer.alloc(2_097_152, Buffer.from([0xf5, 0x54, 0x45, 0x4a, 0, 0, 0x10, 0]));
  const startedAt = performance.now();
  expect(readFrames(hostile)).toEqual({ blocks: [], damaged: 1 });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test("packing loses nothing, and what was not packed is not unpacked", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(recorded, { minLength: 1, maxLength: 20 }), async (all) => {
      const encoder = new BlockEncoder({ run: 1, bootId: "boot" });
      const stamp: Stamp = { seq: 1, wall: 1e12, monotonic: 0, trust: "synced" };
      for (const { kind, what } of all) encoder.append(kind, what, stamp);
      const block = encoder.seal() as RawBlock;
      const packed = await pack(block);
      expect(packed.packed.buffer.byteLength).toBe(packed.packed.length);
      expect(await unpack(packed)).toEqual(block);
      for (const wrong of [Buffer.from("not deflated"), packed.packed.subarray(1), Buffer.alloc(0)]) {
        const other = await unpack({ ...packed, packed: wrong });
        expect(other?.content.length ?? block.content.length).toBe(block.content.length);
      }
    }),
    { numRuns: 50 },
  );
});

test("a small block that becomes a large one is stopped at what it said", async () => {
  const block = {
    header: (await file(1)).blocks[0]?.header as PackedBlock["header"],
    content: Buffer.alloc(1 << 22),
  };
  const { packed } = await pack(block);
  expect(packed.length).toBeLessThan(10_000);
  expect(await unpack({ header: block.header, packed })).toBeUndefined();
  const bomb = createDeflateRaw();
  const parts = bomb.toArray();
  for (let megabyte = 0; megabyte < 128; megabyte++) {
    if (!bomb.write(Buffer.alloc(1_048_576))) await once(bomb, "drain");
  }
  bomb.end();
  const small = Buffer.concat(await parts);
  const before = process.resourceUsage().maxRSS;
  expect(await unpack({ header: block.header, packed: small })).toBeUndefined();
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(60_000);
  const columns = [2 ** 40, 0, 0, 0, 0];
  expect(await unpack({ header: { ...block.header, columns }, packed })).toBeUndefined();
});
