import type { LiveMessage } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { follow, parseLiveMessage } from "./sequence.ts";
import { snapshotOf } from "./snapshot.fixture.ts";

const delta = (seq: number): LiveMessage => ({ type: "delta", seq, changes: [] });

describe("follow", () => {
  it("takes a snapshot at any number and the deltas that count on from it", () => {
    expect(follow(undefined, snapshotOf({ seq: 41 }))).toEqual({ ok: true, seq: 41 });
    expect(follow(41, delta(42))).toEqual({ ok: true, seq: 42 });
    expect(follow(42, snapshotOf({ seq: 3 }))).toEqual({ ok: true, seq: 3 });
  });

  it("refuses a delta before the first snapshot, also one with number 0 or 1", () => {
    expect(follow(undefined, delta(0)).ok).toBe(false);
    expect(follow(undefined, delta(1)).ok).toBe(false);
  });

  it("refuses every delta that is not the next", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer(), (seq, next) => {
        expect(follow(seq, delta(next)).ok).toBe(next === seq + 1);
      }),
    );
  });
});

describe("parseLiveMessage", () => {
  it("reads deltas and snapshots", () => {
    expect(parseLiveMessage(JSON.stringify(delta(7)))).toEqual(delta(7));
  });

  it.each([
    "",
    "{",
    "null",
    "7",
    '{"type":"pong","seq":1}',
    '{"type":"delta"}',
    '{"type":"delta","seq":"1"}',
    undefined,
    new ArrayBuffer(2),
  ])("answers undefined for %j", (frame) => {
    expect(parseLiveMessage(frame)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseLiveMessage(text)));
  });
});
