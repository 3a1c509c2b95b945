import fc from "fast-check";
import { expect, test } from "vitest";
import { PacketScanner } from "./packet-scanner.ts";
import { publishPacket } from "./packets.ts";

function scan(chunks: readonly Uint8Array[]): string[] {
  const found: string[] = [];
  const scanner = new PacketScanner((head, bytes, start, end) => {
    found.push(`${head}:${bytes.toString("hex", start, end)}`);
  });
  // As a socket does that always reads into the same memory.
  const inbox = Buffer.alloc(200_000);
  for (const chunk of chunks) {
    inbox.set(chunk);
    scanner.push(inbox.subarray(0, chunk.length));
  }
  return found;
}

test("packets are the same, however the stream is cut", () => {
  const sizes = fc.array(fc.oneof(fc.nat(10), fc.constant(200), fc.constant(20_000)), { maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(200), { maxLength: 40 }), (payloads, cuts) => {
      const packets = payloads.map((size, index) =>
        publishPacket({
          topic: `t/${index}`,
          payload: Buffer.alloc(size, index),
          qos: 1,
          packetId: index + 1,
        }),
      );
      const stream = Buffer.concat(packets);
      const chunks: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(stream.subarray(at, at + cut));
        at = Math.min(stream.length, at + cut);
      }
      chunks.push(stream.subarray(at));
      expect(scan(chunks)).toEqual(packets.flatMap((packet) => scan([packet])));
      expect(scan(chunks)).toHaveLength(packets.length);
    }),
  );
});

test("a remaining length of five bytes is none", () => {
  expect(() => scan([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 1])])).toThrow(RangeError);
});
