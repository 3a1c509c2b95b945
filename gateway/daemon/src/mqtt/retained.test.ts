import { Unit } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { expect, test } from "vitest";
import { RETAINED_LIMITS, Retained } from "./retained.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function keep(
  retained: Retained,
  store: MemoryStore,
  topic: string,
  payload: Uint8Array,
): Promise<boolean> {
  const unit = new Unit(store, () => undefined);
  const kept = retained.keep({ topic, payload, qos: 1, retain: true }, unit);
  await unit.commit();
  return kept;
}

test("retained messages come back as they were, bytes and all; an empty one forgets", async () => {
  const store = new MemoryStore();
  const retained = new Retained(silent);
  await keep(retained, store, "a", Buffer.from([0, 255, 128]));
  await keep(retained, store, "b", Buffer.from("x"));
  await keep(retained, store, "b", Buffer.alloc(0));
  expect(await new Retained(silent).restore(store)).toEqual([
    { topic: "a", payload: Buffer.from([0, 255, 128]), qos: 1, retain: true },
  ]);
});

test("there is room for so many and no more, but known topics always have theirs", async () => {
  const store = new MemoryStore();
  const retained = new Retained(silent);
  for (let index = 0; index < RETAINED_LIMITS.topics; index++) {
    const unit = new Unit(store, () => undefined);
    retained.keep({ topic: `t/${index}`, payload: Buffer.from("x"), qos: 1, retain: true }, unit);
  }
  expect(await keep(retained, store, "one-more", Buffer.from("x"))).toBe(false);
  expect(await keep(retained, store, "t/1", Buffer.from("y"))).toBe(true);
  expect(await keep(retained, store, "t/1", Buffer.alloc(RETAINED_LIMITS.payloadBytes + 1))).toBe(false);
  await keep(retained, store, "t/1", Buffer.alloc(0));
  expect(await keep(retained, store, "one-more", Buffer.from("x"))).toBe(true);
});
