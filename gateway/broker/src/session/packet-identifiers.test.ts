import { expect, test } from "vitest";
import { PacketIdentifiers } from "./packet-identifiers.ts";

test("they go round, and none is given twice at once", () => {
  const ids = new PacketIdentifiers<string>();
  expect([ids.take("a"), ids.take("b"), ids.take("c")]).toEqual([1, 2, 3]);
  ids.release(2);
  expect(ids.take("d")).toBe(4);
  ids.reserve(5, "e");
  expect(ids.take("f")).toBe(6);
  expect([ids.owner(2), ids.owner(4), ids.owner(5)]).toEqual([undefined, "d", "e"]);
  expect([...ids.owners()]).toEqual(["a", "c", "d", "e", "f"]);
});

test("after a restart none is given that the earlier life has just used", () => {
  const ids = new PacketIdentifiers<string>();
  ids.reserve(41, "a");
  ids.reserve(7, "b");
  expect(ids.take("c")).toBe(42);
});

test("none is left when all 65,535 are in use; the one that comes back is given next", () => {
  const ids = new PacketIdentifiers<number>();
  const given = new Set(Array.from({ length: 65_535 }, (_, index) => ids.take(index)));
  expect(given.size).toBe(65_535);
  expect([given.has(0), given.has(65_535), given.has(undefined)]).toEqual([false, true, false]);
  expect(ids.take(0)).toBeUndefined();
  ids.release(777);
  expect(ids.take(0)).toBe(777);
});
