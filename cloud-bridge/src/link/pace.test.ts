import type { CloudPace } from "@tram/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Pace, type Urgency } from "./pace.ts";

interface Sent {
  readonly at: number;
  readonly bytes: number;
}

/** The most that any second saw. */
function worstSecond(sent: readonly Sent[], of: (each: Sent) => number): number {
  let [worst, sum, first] = [0, 0, 0];
  for (const each of sent) {
    sum += of(each);
    for (let old = sent[first]; old !== undefined && old.at <= each.at - 1_000; old = sent[++first])
      sum -= of(old);
    worst = Math.max(worst, sum);
  }
  return worst;
}

/** Sends everything as early as the pace allows. */
function sendAll(pace: Pace, sizes: readonly { bytes: number; urgency: Urgency; pauseMs: number }[]): Sent[] {
  const sent: Sent[] = [];
  let now = 5_000;
  for (const { bytes, pauseMs, urgency } of sizes) {
    now += pauseMs;
    for (let wait = pace.waitMs(bytes, urgency, now); wait > 0; wait = pace.waitMs(bytes, urgency, now))
      now += wait;
    pace.spend(bytes, now);
    sent.push({ at: now, bytes });
  }
  return sent;
}

const AWS: CloudPace = { messagesPerS: 100, bytesPerS: 512 * 1_024 };

it("keeps every second below the limits, whatever comes and however large", () => {
  fc.assert(
    fc.property(
      fc.record({
        messagesPerS: fc.integer({ min: 1, max: 300 }),
        bytesPerS: fc.integer({ min: 1_000, max: 600_000 }),
      }),
      fc.array(
        fc.record({
          part: fc.double({ min: 0, max: 1, noNaN: true }),
          urgency: fc.constantFrom<Urgency>("urgent", "bulk"),
          pauseMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3_000, noNaN: true })),
        }),
        { minLength: 1, maxLength: 400 },
      ),
      (limits, arrivals) => {
        // A message is at most as large as a quarter of a second's bytes, as with AWS IoT.
        const sizes = arrivals.map(({ part, ...rest }) => ({
          ...rest,
          bytes: Math.ceil((part * limits.bytesPerS) / 4),
        }));
        const sent = sendAll(new Pace(limits, 0), sizes);
        expect(worstSecond(sent, () => 1)).toBeLessThanOrEqual(limits.messagesPerS);
        expect(worstSecond(sent, ({ bytes }) => bytes)).toBeLessThanOrEqual(limits.bytesPerS);
      },
    ),
    { numRuns: 300 },
  );
});

it("keeps to the bytes of a second where a bucket alone would not: a large message right before the second is over", () => {
  const limits = { messagesPerS: 1_000, bytesPerS: 100_000 };
  const bytes = [19_900, 19_900, 19_900, 19_900, 25_000];
  const sent = sendAll(
    new Pace(limits, 5_000),
    bytes.map((each) => ({ bytes: each, urgency: "urgent", pauseMs: 0 })),
  );
  expect(worstSecond(sent, (each) => each.bytes)).toBeLessThanOrEqual(limits.bytesPerS);
});

it("uses four fifths of what there is, in messages and in bytes", () => {
  const over = (sent: readonly Sent[]) => ((sent.at(-1)?.at ?? 0) - (sent[0]?.at ?? 0)) / 1_000;
  const small = sendAll(
    new Pace(AWS, 0),
    Array.from({ length: 4_000 }, () => ({ bytes: 100, urgency: "bulk", pauseMs: 0 })),
  );
  expect(small.length / over(small)).toBeGreaterThan(79);
  const large = sendAll(
    new Pace(AWS, 0),
    Array.from({ length: 400 }, () => ({ bytes: 65_536, urgency: "bulk", pauseMs: 0 })),
  );
  expect((large.length * 65_536) / over(large)).toBeGreaterThan(AWS.bytesPerS * 0.78);
});

it("has room for alarms while telemetry takes everything", () => {
  const pace = new Pace(AWS, 0);
  let now = 0;
  for (let count = 0; count < 500; count++) {
    now += pace.waitMs(200, "bulk", now);
    pace.spend(200, now);
  }
  expect(pace.waitMs(200, "bulk", now)).toBeGreaterThan(0);
  for (let alarm = 0; alarm < 10; alarm++) {
    expect(pace.waitMs(200, "urgent", now), `alarm ${alarm}`).toBe(0);
    pace.spend(200, now);
  }
  expect(pace.room("urgent", now)).toBe(0);
  // The next ones come as fast as the rate, before all telemetry.
  expect(pace.waitMs(200, "urgent", now)).toBeLessThanOrEqual(13);
  expect(pace.waitMs(200, "bulk", now)).toBeGreaterThan(100);
});

it("lets go at last what is larger than all that may leave in a second", () => {
  const pace = new Pace({ messagesPerS: 10, bytesPerS: 1_000 }, 0);
  const [first, second] = sendAll(pace, [
    { bytes: 5_000, urgency: "bulk", pauseMs: 0 },
    { bytes: 10, urgency: "bulk", pauseMs: 0 },
  ]);
  expect(first?.at).toBe(5_000);
  // It is paid off first.
  expect(second?.at).toBeGreaterThan(10_000);
});
