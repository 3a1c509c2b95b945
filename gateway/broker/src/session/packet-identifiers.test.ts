import { expect, test } from "vitest";
import { PacketIdentifiers } from "./packet-identifiers.ts";

test("they go round, and none is given twice at once", () => {
  const ids = new PacketIdentifiers();
  expect([ids.take(), ids.take(), ids.take()]).toEqual([1, 2, 3]);
  ids.release(2);
  expect(ids.take()).toBe(4);
  ids.reserve(5);
  expect(ids.take()).toBe(6);
});

test("none is left when all 65,535 are in use; the one that comes back is given next", () => {
  const ids = new PacketIdentifiers();
  const given = new Set(Array.from({ length: 65_535 }, () => ids.take()));
  expect(given.size).toBe(65_535);
  expect([given.has(0), given.has(65_535), given.has(undefined)]).toEqual([false, true, false]);
  expect(ids.take()).toBeUndefined();
  ids.release(777);
  expect(ids.take()).toBe(777);
});
