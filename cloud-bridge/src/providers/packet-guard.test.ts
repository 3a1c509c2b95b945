import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OversizedPublish, PacketGuard, type PacketGuardOptions } from "./packet-guard.ts";

function guardOf(options: Partial<PacketGuardOptions> = {}): PacketGuard {
  const quiet = { onSkipped: () => undefined, published: () => 0, unread: () => 0, now: () => 0 };
  return new PacketGuard({ maxBytes: 1_000, ...quiet, ...options }).on("error", () => undefined);
}

/** Bytes that pass a guard when they arrive in these pieces. */
async function passed(pieces: readonly Buffer[], maxBytes: number) {
  const skipped: OversizedPublish[] = [];
  const guard = guardOf({ maxBytes, onSkipped: (publish) => skipped.push(publish) });
  for (const piece of pieces) guard.write(piece);
  guard.end();
  const out: Buffer[] = [];
  for await (const chunk of guard) out.push(chunk as Buffer);
  return { bytes: Buffer.concat(out), skipped };
}

function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    const byte = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? byte | 0x80 : byte);
  } while (left > 0);
  return bytes;
}

function publish(topic: string, payload: Buffer, packetId?: number): Buffer {
  const name = Buffer.from(topic);
  const id = packetId === undefined ? [] : [packetId >> 8, packetId & 0xff];
  const body = Buffer.concat([
    Buffer.from([name.length >> 8, name.length & 0xff]),
    name,
    Buffer.from(id),
    payload,
  ]);
  return Buffer.concat([
    Buffer.from([packetId === undefined ? 0x30 : 0x32, ...lengthBytes(body.length)]),
    body,
  ]);
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...[...at].map((edge) => edge % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

const packet = fc.oneof(
  fc.record({
    topic: fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
    size: fc.integer({ min: 0, max: 400 }),
    id: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
  }),
  fc.constantFrom(Buffer.from([0x40, 2, 0, 7]), Buffer.from([0xd0, 0]), Buffer.from([0x90, 3, 0, 1, 1])),
);

describe("the guard before the parser", () => {
  it("lets small packets pass untouched and takes out the large ones, however they arrive", async () => {
    const MAX = 120;
    await fc.assert(
      fc.asyncProperty(
        fc.array(packet, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        async (packets, at) => {
          const whole: Buffer[] = [];
          const small: Buffer[] = [];
          const large: OversizedPublish[] = [];
          for (const one of packets) {
            const bytes = Buffer.isBuffer(one)
              ? one
              : publish(one.topic, Buffer.alloc(one.size, 0x78), one.id);
            whole.push(bytes);
            if (bytes.length <= MAX) small.push(bytes);
            else if (!Buffer.isBuffer(one)) {
              const packetId = one.id === undefined ? {} : { packetId: one.id };
              large.push({ topic: one.topic, bytes: bytes.length, ...packetId });
            }
          }
          const result = await passed(cut(Buffer.concat(whole), at), MAX);
          expect(result.bytes).toEqual(Buffer.concat(small));
          expect(result.skipped).toEqual(large);
        },
      ),
    );
  });

  it("holds nothing of a large message", async () => {
    const skipped: OversizedPublish[] = [];
    const guard = guardOf({ onSkipped: (one) => skipped.push(one) });
    guard.write(Buffer.from([0x32, ...lengthBytes(200_000_000), 0, 1, 0x74, 0, 9]));
    const block = Buffer.alloc(1_000_000);
    for (let turn = 0; turn < 150; turn++) guard.write(block);
    expect(guard.readableLength + guard.writableLength).toBe(0);
    expect(skipped).toEqual([{ topic: "t", bytes: 200_000_005, packetId: 9 }]);
  });

  it.each([
    ["that is no message and too large", Buffer.from([0x90, 0xff, 0xff, 0x7f, 0, 1])],
    ["whose length is none, even a message,", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])],
    ["whose length is none", Buffer.from([0x90, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ])("ends the stream at a packet %s", async (_name, bytes) => {
    await expect(passed([bytes], 1_000)).rejects.toThrow("it sent a packet of");
  });

  it.each([
    ["QoS 2", 0x34],
    ["QoS 3", 0x36],
    ["QoS 2 that is too large to pass", 0x34, 2_000],
  ])("ends the stream at a message of %s: it would be held for ever", async (_name, first, size = 1) => {
    const whole = publish("t", Buffer.alloc(size), 7);
    whole[0] = first;
    await expect(passed([publish("t", Buffer.alloc(1), 6), whole], 1_000)).rejects.toThrow("QoS 2");
  });
});

const PINGRESP = Buffer.from([0xd0, 0]);
const PUBACK = Buffer.from([0x40, 2, 0, 7]);

function many(packet: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => packet));
}

/** What a guard says when these come, once it has read them. */
async function endOf(guard: PacketGuard, bytes: Buffer): Promise<string | undefined> {
  guard.resume();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  guard.write(bytes, (error) => resolve(error?.message));
  return await promise;
}

describe("a flood before the parser", () => {
  it("goes on in portions: between them everything else has its turn", async () => {
    const guard = guardOf();
    const one = publish("t", Buffer.alloc(1));
    guard.write(many(one, 10_000));
    const sizes: number[] = [];
    for (let turn = 0; turn < 40; turn++) {
      sizes.push((guard.read()?.length ?? 0) / one.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Math.max(...sizes)).toBe(256);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(10_000);
  });

  it("of answers to nothing ends the stream, and a few of them do not", async () => {
    let now = 0;
    const guard = guardOf({ now: () => now });
    for (; now < 100_000; now += 1_000) expect(await endOf(guard, many(PINGRESP, 900))).toBeUndefined();
    expect(await endOf(guard, many(PINGRESP, 1_100))).toBe(
      "it sends more than 1000 packets a second that answer nothing",
    );
  });

  it("of answers to what was published is welcome, and one of others is not", async () => {
    const guard = guardOf({ published: () => 50_000 });
    expect(await endOf(guard, many(PUBACK, 50_000))).toBeUndefined();
    expect(await endOf(guard, many(PUBACK, 2_000))).toContain("that answer nothing");
  });

  it.each([
    ["PUBREC", 0x50],
    ["PUBREL", 0x62],
    ["PUBCOMP", 0x70],
    ["PINGREQ", 0xc0],
  ])("has no %s: nobody has asked for one", async (name, first) => {
    expect(await endOf(guardOf(), Buffer.from([first, 2, 0, 7]))).toBe(
      `it sent a ${name}, which nobody has asked for`,
    );
  });

  it("ends where nothing of what it is sent is read", async () => {
    let unread = 14_000_000;
    const guard = guardOf({ unread: () => unread });
    expect(await endOf(guard, PINGRESP)).toBeUndefined();
    unread = 17_000_000;
    expect(await endOf(guard, PINGRESP)).toBe("it does not read what it is sent");
  });
});
