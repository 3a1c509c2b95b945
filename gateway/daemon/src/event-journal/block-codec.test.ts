import type { ClockTrust, Json, Reading } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBlock } from "./block-decoder.ts";
import { BlockEncoder, type Stamp } from "./block-encoder.ts";
import type { BlockHeader, RawBlock } from "./block-layout.ts";
import type { JournalEvent, RecordedKind } from "./journal-event.ts";
import { type Recorded, recorded, value } from "./testing/arbitrary-happening.ts";

const ORIGIN = { run: 7, bootId: "boot-1" };
const NOON = Date.UTC(2026, 0, 5, 12);

/** Writes as the journal does: the clock steps with the event that tells of it. */
function write(all: readonly Recorded[], encoder = new BlockEncoder(ORIGIN)) {
  const stamp: Stamp = { seq: 1, wall: NOON, monotonic: 5_000.4, trust: "untrusted" };
  const expected: { kind: RecordedKind; what: unknown; seq: number; wall: number; monotonic: number }[] = [];
  for (const { kind, what, elapsedMs, skipped } of all) {
    stamp.wall += elapsedMs;
    stamp.monotonic += elapsedMs;
    stamp.seq += skipped;
    if (kind === "clock") {
      stamp.wall += what.stepMs;
      stamp.trust = what.trust;
    }
    encoder.append(kind, what, stamp);
    const { seq, wall, monotonic } = stamp;
    expected.push({ kind, what, seq, wall, monotonic });
    if (!kind.startsWith("known-")) stamp.seq++;
  }
  return { encoder, expected };
}

function decoded(block: RawBlock | undefined): readonly JournalEvent[] {
  const events = block === undefined ? [] : decodeBlock(block);
  if (events === undefined) throw new Error("the block is damaged");
  return events;
}

test("whatever is told is read back as it was, in its order", () => {
  fc.assert(
    fc.property(fc.array(recorded, { maxLength: 60 }), (all) => {
      const { encoder, expected } = write(all);
      const events = decoded(encoder.seal()).filter(({ kind }) => kind !== "gap");
      expect(events.map(({ kind, what, seq }) => ({ kind, what, seq }))).toEqual(
        expected.map(({ kind, what, seq }) => ({ kind, what, seq })),
      );
      for (const [index, { at }] of events.entries()) {
        const { wall, monotonic } = expected[index] as (typeof expected)[number];
        expect(at.wall).toBe(wall);
        expect(Math.abs(at.monotonic - monotonic)).toBeLessThan(2);
        expect(at.bootId).toBe("boot-1");
      }
    }),
    { numRuns: 400 },
  );
});

test("values follow each other without loss", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
      const all = values.map((each) => recordedReading(each));
      const found = decoded(write(all).encoder.seal()).map(({ what }) => (what as Reading).value);
      expect(found).toEqual(values);
    }),
    { numRuns: 1_000 },
  );
});

test("each block stands alone, and the one that is being written can be read", () => {
  const encoder = new BlockEncoder(ORIGIN);
  const all = [21.5, 21.6, 21.55, "off", "off", null].map((each) => recordedReading(each));
  write(all, encoder);
  const peeked = decoded(encoder.peek());
  expect(peeked).toHaveLength(6);
  expect(decoded(encoder.seal())).toEqual(peeked);
  expect(encoder.peek()).toBeUndefined();
  write(all, encoder);
  expect(decoded(encoder.seal())).toEqual(peeked);
});

test("the header tells where the block begins and ends", () => {
  const { encoder } = write([
    recordedReading(1),
    { kind: "clock", what: { stepMs: 60_000, trust: "synced" }, elapsedMs: 10, skipped: 0 },
    { ...recordedReading(2), elapsedMs: 7, skipped: 3 },
  ]);
  const header = encoder.seal()?.header as BlockHeader;
  expect(header).toMatchObject({
    run: 7,
    bootId: "boot-1",
    keyframe: false,
    firstSeq: 1,
    nextSeq: 7,
    stepped: true,
  });
  expect(header.first).toEqual({ monotonic: 5_100, offset: NOON - 5_000, trust: "untrusted" });
  expect(header.believed).toEqual({ monotonic: 5_110, offset: NOON + 55_000, trust: "synced" });
  expect(header.last).toEqual({ monotonic: 5_117, offset: NOON + 55_000, trust: "synced" });
});

test("events that were left out are a gap", () => {
  const { encoder } = write([recordedReading(1), { ...recordedReading(2), skipped: 40 }]);
  const [, gap, next] = decoded(encoder.seal());
  expect(gap).toMatchObject({ kind: "gap", seq: 2, what: { missing: 40 } });
  expect(next).toMatchObject({ kind: "reading", seq: 42 });
});

test("wall clocks that were set later in the same boot are reckoned back", () => {
  const { encoder } = write([
    recordedReading(1),
    { kind: "clock", what: { stepMs: 3_600_000, trust: "synced" }, elapsedMs: 0, skipped: 0 },
    recordedReading(2),
  ]);
  const block = encoder.seal() as RawBlock;
  const later = (bootId: string) => (bootId === "boot-1" ? NOON - 5_000 + 3_600_000 : undefined);
  const [before, , after] = decodeBlock(block, later) as readonly JournalEvent[];
  expect(before?.at.wall).toBe(NOON + 100);
  expect(before?.time).toBe(NOON + 100 + 3_600_000);
  expect(after?.time).toBe(after?.at.wall);
  expect(decodeBlock(block)?.[0]?.time).toBe(NOON + 100);
});

test("a reading of a sensor takes four bytes before it is packed", () => {
  const encoder = new BlockEncoder(ORIGIN);
  for (let seq = 1; seq <= 1_000; seq++) {
    const wall = NOON + 100 * seq;
    const { what } = recordedReading(20 + (seq % 7) / 10);
    const stamp: Stamp = { seq, wall, monotonic: wall - NOON + 0.7, trust: "synced" };
    encoder.append("reading", { ...what, time: wall, receivedAt: wall }, stamp);
  }
  expect(encoder.bytes / 1_000).toBeLessThan(4.1);
});

test("bytes that no encoder wrote are refused, whatever they are", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.nat({ max: 100 }), { maxLength: 6 }),
      (bytes, columns) => {
        const mark = { monotonic: 0, offset: 0, trust: "synced" as ClockTrust };
        const header = {
          ...ORIGIN,
          keyframe: false,
          firstSeq: 1,
          nextSeq: 2,
          believed: undefined,
          stepped: false,
          first: mark,
          last: mark,
          columns,
        };
        decodeBlock({ header, content: Buffer.from(bytes) });
        const even = Array.from({ length: 5 }, () => Math.floor(bytes.length / 5));
        const content = Buffer.from(bytes.subarray(0, 5 * (even[0] ?? 0)));
        decodeBlock({ header: { ...header, columns: even }, content });
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a block with a changed byte is refused, or read as other events: never worse", () => {
  fc.assert(
    fc.property(
      fc.array(recorded, { minLength: 1, maxLength: 12 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (all, at, byte) => {
        const block = write(all).encoder.seal() as RawBlock;
        block.content[at % block.content.length] = byte;
        decodeBlock(block);
      },
    ),
    { numRuns: 2_000 },
  );
});

function recordedReading(value: Json): Recorded & { kind: "reading" } {
  const what = {
    thing: "sensor-1",
    property: "climate/temperature",
    value,
    quality: "good",
    time: NOON,
    receivedAt: NOON,
    origin: "mqtt:kitchen",
  } as unknown as Reading;
  return { kind: "reading", what, elapsedMs: 100, skipped: 0 };
}
