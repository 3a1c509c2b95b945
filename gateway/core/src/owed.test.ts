import { describe, expect, test } from "vitest";
import { Owed } from "./owed.ts";
import type { TableWrite } from "./unit.ts";

const put = (key: string, value: number): TableWrite => ({ op: "put", table: "t", key, value });
const remove = (key: string): TableWrite => ({ op: "delete", table: "t", key });

/** Everything that is owed, as it would be written. */
function all(owed: Owed): readonly unknown[] {
  return owed.instalment(1_000, false)?.operations ?? [];
}

/** A unit that leaves, to end later. */
function leave(owed: Owed, ...writes: TableWrite[]) {
  const voyage = owed.begin(writes);
  return {
    kept: () => owed.kept(voyage),
    missed: (durability: "crash" | "power" = "crash") => owed.missed(voyage, writes, durability),
  };
}

describe("of two units that write a key, the later one decides, whichever ends first", () => {
  test.each([
    ["missed", "missed", [put("a", 2)]],
    ["missed", "kept", []],
    ["kept", "missed", [put("a", 2)]],
    ["kept", "kept", []],
  ] as const)("the first is %s, the second %s", (first, second, left) => {
    for (const secondEndsFirst of [false, true]) {
      const owed = new Owed();
      const units = [leave(owed, put("a", 1)), leave(owed, put("a", 2))];
      const ends = [() => units[0]?.[first](), () => units[1]?.[second]()];
      for (const end of secondEndsFirst ? ends.reverse() : ends) end();
      expect(all(owed)).toEqual(left);
    }
  });
});

test("what a unit under way writes is not written by an instalment", () => {
  const owed = new Owed();
  leave(owed, put("a", 1), put("b", 1)).missed();
  const unit = leave(owed, put("a", 2));
  expect(all(owed)).toEqual([put("b", 1)]);
  unit.missed();
  expect(all(owed)).toEqual([put("b", 1), put("a", 2)]);
});

test("an instalment settles what it wrote, and not what was missed meanwhile", () => {
  const owed = new Owed();
  leave(owed, put("a", 1), put("b", 1)).missed();
  const instalment = owed.instalment(1_000, false);
  leave(owed, put("a", 2)).missed();
  if (instalment !== undefined) owed.settle(instalment);
  expect(all(owed)).toEqual([put("a", 2)]);
});

test("a key that had to survive a power cut still has to; instalments are as strong as they must be", () => {
  const owed = new Owed();
  leave(owed, put("weak", 1), put("strong", 1)).missed();
  leave(owed, put("strong", 2)).missed("power");
  leave(owed, put("strong", 3)).missed("crash");
  expect(owed.strong).toBe(1);
  expect(owed.instalment(9, true)).toMatchObject({ durability: "power", operations: [put("strong", 3)] });
  expect(owed.instalment(1, false)).toMatchObject({ durability: "crash", operations: [put("weak", 1)] });
  expect(owed.instalment(9, false)?.durability).toBe("power");
});

test("deletions of what the store does not hold are forgiven, others and later ones are not", () => {
  const owed = new Owed();
  for (const key of ["held", "never", "again"]) leave(owed, remove(key)).missed();
  const deletions = owed.deletions().get("t") ?? [];
  leave(owed, remove("again")).missed();
  owed.forgive(deletions, new Map([["held", 1]]));
  expect(all(owed)).toEqual([remove("held"), remove("again")]);
});
