import type { PropertyKey, Reading, ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import type { Stamp } from "./block-encoder.ts";
import { BLOCK_EVENTS } from "./block-layout.ts";
import type { KnownHouse } from "./keyframe.ts";
import { MemoryRing, type RingLimits } from "./memory-ring.ts";
import { readJournal } from "./read-journal.ts";
import { all, tank } from "./testing/journal-house.ts";

const HOUR_MS = 3_600_000;

/** A ring with sensors that report noise, which does not pack well. */
function ring(limits: Partial<RingLimits> = {}, things = 10) {
  const clock = new VirtualClock();
  const stamp: Stamp = { seq: 1, wall: 0, monotonic: 0, trust: "synced" };
  const now = (): Stamp => Object.assign(stamp, { wall: clock.now(), monotonic: clock.monotonic() });
  const known = (): KnownHouse => ({
    things: Array.from({ length: things }, (_, index) => ({
      thing: tank(`tank-${index}`),
      source: "module:sim",
      availability: "ready",
    })),
    readings: [],
  });
  const made = new MemoryRing({
    origin: { run: 1, bootId: "boot-1" },
    limits: { bytes: 1_048_576, keepMs: 48 * HOUR_MS, ...limits },
    known,
    now,
  });
  let noise = 1;
  const report = (): void => {
    noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
    const reading: Reading = {
      thing: `tank-${noise % things}` as ThingId,
      property: "tank/level" as PropertyKey,
      value: noise,
      quality: "good",
      time: clock.now(),
      receivedAt: clock.now(),
      origin: "device",
    };
    made.append("reading", reading, now());
    stamp.seq++;
  };
  return {
    clock,
    ring: made,
    report,
    /** As in a house: the event loop turns. */
    async reports(count: number, everyMs = 10): Promise<void> {
      for (let index = 0; index < count; index++) {
        report();
        if (index % 64 === 0) await clock.advance(64 * everyMs);
        if (index % 2_048 === 0) await made.settled();
      }
      await made.settled();
    },
    read: (known = false) =>
      all(
        readJournal(
          {
            disk: [],
            memory: made.chapters,
            memoryFrom: { run: 1, seq: made.firstSeq },
            onDamaged: () => expect.unreachable(),
          },
          { known },
        ),
      ),
    next: () => stamp.seq,
  };
}

test("the quota is kept, the oldest events go, and what is left has no gap", async () => {
  const house = ring({ bytes: 400_000 });
  house.ring.start();
  const total = 200_000;
  let most = 0;
  for (let part = 0; part < 20; part++) {
    await house.reports(total / 20);
    most = Math.max(most, house.ring.bytes);
  }
  expect(most).toBeLessThan(400_000);
  // Little goes at once: the room is used.
  expect(house.ring.bytes).toBeGreaterThan(300_000);
  const events = await house.read();
  expect(events.map(({ kind }) => kind).filter((kind) => kind !== "reading")).toEqual([]);
  expect(events).toHaveLength(total - house.ring.dropped);
  expect(house.ring.dropped).toBeGreaterThan(total / 2);
  expect(events[0]?.seq).toBe(house.ring.firstSeq);
  expect(events.at(-1)?.seq).toBe(total);
});

test("more than a block in one turn of the event loop is as good", async () => {
  const house = ring();
  house.ring.start();
  for (let count = 0; count < 3 * BLOCK_EVENTS + 5; count++) house.report();
  expect(await house.read()).toHaveLength(3 * BLOCK_EVENTS + 5);
  await house.ring.settled();
  expect(await house.read()).toHaveLength(3 * BLOCK_EVENTS + 5);
});

test("what is too old goes, also where there is room", async () => {
  const house = ring({ keepMs: 16 * HOUR_MS });
  house.ring.start();
  for (let hour = 0; hour < 40; hour++) {
    house.report();
    await house.clock.advance(HOUR_MS);
    house.ring.tidy();
    await house.ring.settled();
  }
  const events = await house.read();
  expect(events.length).toBeGreaterThanOrEqual(16);
  expect(events.length).toBeLessThanOrEqual(18);
  expect(house.ring.dropped).toBe(0);
  expect(house.ring.firstSeq).toBe(events[0]?.seq);
});

test("a chapter without an event is not followed by another one", async () => {
  const house = ring();
  house.ring.start();
  for (let hour = 0; hour < 20; hour++) {
    await house.clock.advance(HOUR_MS);
    house.ring.tidy();
  }
  expect(house.ring.chapters).toHaveLength(1);
});

test("a house that hardly fits keeps what is known and lets go of the rest", async () => {
  const house = ring({ bytes: 60_000 }, 1_500);
  house.ring.start();
  await house.reports(60_000);
  const events = await house.read(true);
  expect(events.filter(({ kind }) => kind === "known-thing")).toHaveLength(1_500);
  expect(house.ring.chapters.length).toBeLessThanOrEqual(2);
});
