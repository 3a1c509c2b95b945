import { describe, expect, test } from "vitest";
import { BlockPool } from "./block-pool.ts";
import { encodePacket } from "./encode-packet.ts";
import { Outgoing } from "./outgoing.ts";
import type { Packet } from "./packet.ts";
import { writeAcknowledgement, writePingResponse } from "./write-acknowledgement.ts";
import { encodePublish, writePublish, writePublishFrame } from "./write-publish.ts";

const MESSAGE = {
  topic: "t",
  payload: Buffer.from("21.5"),
  qos: 0,
  retain: false,
  properties: {},
} as const;

function hex(out: Outgoing): string {
  return out.take().toString("hex");
}

describe("what waits for a socket", () => {
  test("is one piece, in order, and then nothing", () => {
    const out = new Outgoing();
    writeAcknowledgement("puback", 0x1234, { out, version: 4 });
    out.append(encodePublish(MESSAGE, 4).bytes);
    writePingResponse(out);
    expect(out.length).toBe(15);
    expect(hex(out)).toBe("40021234" + "3007000174" + "32312e35" + "d000");
    expect(out.length).toBe(0);
    expect(out.take()).toHaveLength(0);
  });

  test("a frame alone is handed over uncopied", () => {
    const { bytes } = encodePublish(MESSAGE, 4);
    const first = new Outgoing();
    const second = new Outgoing();
    first.append(bytes);
    second.append(bytes);
    expect(first.take()).toBe(bytes);
    writePingResponse(second);
    expect(second.take()).toEqual(Buffer.concat([bytes, Buffer.from([0xd0, 0])]));
  });

  test("keeps its bytes when the next tick is written, whatever its size", () => {
    const taken: [Buffer, Buffer][] = [];
    const out = new Outgoing();
    for (const size of [10, 500, 600, 4_000, 4_097, 5_000, 8_192, 60_000, 70_000, 300_000, 10, 4_097]) {
      const content = Buffer.alloc(size, size % 251);
      out.byte(1);
      out.raw(content);
      taken.push([out.take(), Buffer.concat([Buffer.from([1]), content])]);
    }
    for (const [bytes, expected] of taken) expect(bytes.equals(expected)).toBe(true);
  });

  test("is kept apart from what waits for another", () => {
    const outs = Array.from({ length: 20 }, () => new Outgoing());
    for (let round = 0; round < 300; round++) {
      outs.forEach((out, index) => {
        out.byte(index);
        out.text(`${index}`);
      });
    }
    outs.forEach((out, index) => {
      const once = new Outgoing();
      once.byte(index);
      once.text(`${index}`);
      const part = once.take().toString("hex");
      expect(hex(out)).toBe(part.repeat(300));
    });
  });

  test("is forgotten when the socket is gone", () => {
    const out = new Outgoing();
    writePingResponse(out);
    out.clear();
    out.append(Buffer.from([1]));
    out.clear();
    expect(out.take()).toHaveLength(0);
    writePingResponse(out);
    expect(hex(out)).toBe("d000");
  });
});

describe("blocks", () => {
  test("are used again, and not hoarded", () => {
    const pool = new BlockPool(1_024);
    const blocks = [pool.acquire(1), pool.acquire(512), pool.acquire(512)];
    for (const block of blocks) pool.release(block);
    expect(new Set([pool.acquire(1), pool.acquire(1)])).toEqual(new Set(blocks.slice(0, 2)));
    expect(blocks).not.toContain(pool.acquire(1));
  });

  test("of an odd size are made and let go", () => {
    const pool = new BlockPool(1_000_000);
    const large = pool.acquire(65_537);
    expect(large.length).toBeGreaterThanOrEqual(65_537);
    pool.release(large);
    expect(pool.acquire(65_537)).not.toBe(large);
  });
});

describe("answers", () => {
  test.each<[string, string]>([
    ["puback", "40020001"],
    ["pubrec", "50020001"],
    ["pubrel", "62020001"],
    ["pubcomp", "70020001"],
  ] as const)("%s", (type, expected) => {
    const out = new Outgoing();
    writeAcknowledgement(type as "puback", 1, { out, version: 5 });
    expect(hex(out)).toBe(expected);
    writeAcknowledgement(type as "puback", 1, { out, version: 4, reasonCode: 0x92 });
    expect(hex(out)).toBe(expected);
    writeAcknowledgement(type as "puback", 1, { out, version: 5, reasonCode: 0x92 });
    expect(hex(out)).toBe(`${expected.slice(0, 2)}03000192`);
  });
});

describe("one PUBLISH for many", () => {
  test("shares the bytes of QoS 0", () => {
    const frame = encodePublish(MESSAGE, 5);
    const out = new Outgoing();
    writePublishFrame(out, frame);
    expect(out.take()).toBe(frame.bytes);
  });

  test("gives each its identifier above, and leaves the frame as it was", () => {
    const frame = encodePublish({ ...MESSAGE, qos: 1 }, 4);
    const before = frame.bytes.toString("hex");
    const out = new Outgoing();
    writePublishFrame(out, frame, 0xabcd);
    writePublishFrame(out, frame, 1, true);
    expect(hex(out)).toBe("3209000174" + "abcd" + "32312e35" + "3a09000174" + "0001" + "32312e35");
    expect(frame.bytes.toString("hex")).toBe(before);
  });
});

describe("what cannot be put on the wire throws, and leaves nothing behind", () => {
  const long = "x".repeat(65_536);
  const publish = { ...MESSAGE, type: "publish", dup: false, packetId: 0 } as const;

  test.each<[string, Packet, 4 | 5]>([
    ["a topic of 65,536 bytes", { ...publish, topic: long }, 4],
    ["a topic that is too long in UTF-8 alone", { ...publish, topic: "ệ".repeat(21_846) }, 4],
    ["a packet identifier 0", { ...publish, qos: 1 }, 4],
    ["a packet identifier 65,536", { type: "puback", packetId: 65_536, reasonCode: 0, properties: {} }, 4],
    [
      "a reason of 65,536 bytes",
      { type: "disconnect", reasonCode: 0x80, properties: { reasonString: long } },
      5,
    ],
    ["AUTH in 3.1.1", { type: "auth", reasonCode: 0x18, properties: {} }, 4],
  ])("%s", (_, packet, version) => {
    const out = new Outgoing();
    expect(() => encodePacket(packet, version, out)).toThrow(RangeError);
    expect(out.length).toBe(0);
  });

  test("by the fast ways too", () => {
    const out = new Outgoing();
    expect(() => writePublish({ ...MESSAGE, topic: long }, 4, { out })).toThrow(RangeError);
    expect(() => writePublish({ ...MESSAGE, qos: 1 }, 4, { out })).toThrow(RangeError);
    expect(() => writePublishFrame(out, encodePublish({ ...MESSAGE, qos: 2 }, 4))).toThrow(RangeError);
    expect(() => writeAcknowledgement("puback", 0, { out, version: 4 })).toThrow(RangeError);
    expect(out.length).toBe(0);
  });
});
