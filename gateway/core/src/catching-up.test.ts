import type { Json } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Durability, type Operation, type Store, StoreError } from "./ports/store.ts";
import { type StoreHealth, Transactions } from "./transactions.ts";
import type { Unit } from "./unit.ts";

const FULL = new StoreError("full", "no space left");
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function house(store: Store = new MemoryStore()) {
  const clock = new VirtualClock();
  const edges: StoreHealth[] = [];
  const retry = { clock, random: () => 0.5 };
  const transactions = new Transactions(store, silent, (health) => edges.push(health), { retry });
  return { clock, edges, transactions };
}

function failing() {
  const store = new MemoryStore();
  return { store, ...house(store) };
}

async function table(store: Store, name = "t"): Promise<Record<string, Json>> {
  return Object.fromEntries(await store.entries(name));
}

describe("a store that was failing and is well again", () => {
  test("gets what memory has let go of: a run that ended does not come back with a restart", async () => {
    const { store, transactions } = failing();
    await transactions.record((unit) => unit.put("rules", "lamp", { runs: ["lamp#1"] }));
    store.failWith(FULL);
    await transactions.record((unit) => unit.delete("rules", "lamp"));
    await transactions.record((unit) => unit.put("t", "other", 1));
    store.failWith(undefined);
    await transactions.record((unit) => unit.put("t", "new", 1));
    expect(await table(store, "rules")).toEqual({});
    expect(await table(store)).toEqual({ other: 1, new: 1 });
    expect(transactions.owed).toBe(0);
  });

  test("gets what is owed before anything new", async () => {
    const { store, transactions } = failing();
    store.failWith(FULL);
    for (const key of ["a", "b", "a"]) {
      await transactions.record((unit) => {
        unit.put("t", key, `${key}${store.commits.length}`);
        unit.require("power");
      });
    }
    store.failWith(undefined);
    await transactions.transact((unit) => unit.put("t", "new", 1));
    expect(store.commits.map(({ operations }) => operations.map((each) => keyOf(each)))).toEqual([
      ["b", "a"],
      ["new"],
    ]);
    expect(store.commits[0]?.durability, "as strong as it had to be").toBe("power");
  });

  test("gets the latest value once, not each of them", async () => {
    const { store, transactions } = failing();
    store.failWith(FULL);
    for (let value = 1; value <= 50; value++) {
      await transactions.record((unit) => unit.put("t", "a", value));
    }
    expect(transactions.owed).toBe(1);
    store.failWith(undefined);
    await transactions.record((unit) => unit.put("t", "b", 1));
    expect(await table(store)).toEqual({ a: 50, b: 1 });
    expect(store.commits).toHaveLength(2);
  });

  test("is found out without anybody's unit, with back-off", async () => {
    const { store, clock, edges, transactions } = failing();
    store.failWith(FULL);
    await transactions.record((unit) => unit.put("t", "a", 1));
    await clock.advance(120_000);
    expect(edges).toHaveLength(1);
    store.failWith(undefined);
    await clock.advance(60_000);
    expect(edges).toEqual([{ failing: true, code: "full", reason: "no space left" }, { failing: false }]);
    expect(await table(store)).toEqual({ a: 1 });
    expect(clock.pending).toBe(0);
  });

  test("is found out when nothing is owed either: something is really written", async () => {
    const { store, clock, edges, transactions } = failing();
    store.failWith(FULL);
    await expect(transactions.transact((unit) => unit.propose("users", "minh", {}))).rejects.toBe(FULL);
    store.failWith(undefined);
    await clock.advance(2_000);
    expect(edges.at(-1)).toEqual({ failing: false });
    expect(store.commits).toEqual([
      { durability: "power", operations: [expect.objectContaining({ op: "put", table: "store" })] },
    ]);
  });

  test("does not get what was only proposed: a refused administrator never was", async () => {
    const { store, transactions } = failing();
    await transactions.transact((unit) => unit.put("tokens", "kept", 1));
    store.failWith(FULL);
    const refused = transactions.transact((unit) => {
      unit.propose("users", "eve", {});
      unit.proposeDelete("tokens", "kept");
      unit.append("outbox", 1, "counted as dropped");
    });
    await expect(refused).rejects.toBe(FULL);
    store.failWith(undefined);
    await transactions.transact((unit) => unit.put("t", "new", 1));
    expect([await table(store, "users"), await table(store, "tokens")]).toEqual([{}, { kept: 1 }]);
    expect(await store.extent("outbox")).toEqual({ last: 0, count: 0 });
  });

  test("gets it at the stop, if it is well by then", async () => {
    const { store, clock, transactions } = failing();
    store.failWith(FULL);
    await transactions.record((unit) => unit.put("t", "a", 1));
    store.failWith(undefined);
    await transactions.close();
    expect(await table(store)).toEqual({ a: 1 });
    expect(clock.pending).toBe(0);
  });

  test("a stop while it fails ends all the same", async () => {
    const { store, clock, transactions } = failing();
    store.failWith(FULL);
    await transactions.record((unit) => unit.put("t", "a", 1));
    await transactions.close();
    expect(clock.pending).toBe(0);
  });

  test("a write that no store can take is not owed: it would hold up everything else", async () => {
    const store = new MemoryStore();
    const picky: Store = Object.assign(Object.create(store), {
      commit: (operations: readonly Operation[], durability: Durability) =>
        operations.some((each) => "key" in each && each.key === "bad")
          ? Promise.reject(new TypeError("not JSON"))
          : store.commit(operations, durability),
      entries: (name: string) => store.entries(name),
    });
    const { transactions, edges } = house(picky);
    await expect(transactions.transact((unit) => unit.put("t", "bad", 1))).rejects.toThrow("not JSON");
    await transactions.transact((unit) => unit.put("t", "good", 1));
    expect(await table(store)).toEqual({ good: 1 });
    expect(edges.at(-1)).toEqual({ failing: false });
  });
});

describe("a store that fails for long", () => {
  test("is owed no deletion of what it never had: commands come and go in memory", async () => {
    const { store, transactions } = failing();
    await transactions.record((unit) => unit.put("commands", "before", 1));
    store.failWith(FULL);
    await transactions.record((unit) => unit.delete("commands", "before"));
    for (let id = 0; id < 5_000; id++) {
      await transactions.record((unit) => unit.put("commands", `c${id}`, 1));
      await transactions.record((unit) => unit.delete("commands", `c${id}`));
    }
    expect(transactions.owed).toBeLessThan(1_100);
    store.failWith(undefined);
    await transactions.record((unit) => unit.put("t", "a", 1));
    expect(await table(store, "commands")).toEqual({});
  });
});

describe("a store that keeps only what must survive a power cut", () => {
  /** Refuses telemetry, as a disk does whose last room is a reserve. */
  class Reserved extends MemoryStore {
    telemetry = true;
    override commit(operations: readonly Operation[], durability: Durability): Promise<void> {
      return durability === "crash" && !this.telemetry
        ? Promise.reject(FULL)
        : super.commit(operations, durability);
    }
  }
  const reading = (key: string, value: Json) => (unit: Unit) => unit.put("shadow", key, value);
  const alarm = (key: string, value: Json) => (unit: Unit) => {
    unit.put("rules", key, value);
    unit.require("power");
  };

  test("keeps alarms while telemetry is refused, and says one thing about itself", async () => {
    const store = new Reserved();
    const { edges, transactions } = house(store);
    store.telemetry = false;
    for (let round = 0; round < 5; round++) {
      await expect(transactions.transact(reading(`s${round}`, round))).rejects.toBe(FULL);
      await transactions.transact(alarm(`r${round}`, round));
    }
    expect(Object.keys(await table(store, "rules"))).toHaveLength(5);
    expect(edges).toHaveLength(1);
    store.telemetry = true;
    await transactions.transact(reading("s9", 9));
    expect(Object.keys(await table(store, "shadow"))).toHaveLength(6);
    expect(edges).toHaveLength(2);
  });

  test("an alarm does not overtake an older write of its own key", async () => {
    const store = new Reserved();
    const { transactions } = house(store);
    store.telemetry = false;
    await expect(transactions.transact(reading("s", 1))).rejects.toBe(FULL);
    store.telemetry = true;
    const both = [
      transactions.transact(reading("s", 2)),
      transactions.transact((unit) => {
        unit.put("shadow", "s", 3);
        unit.require("power");
      }),
    ];
    await Promise.all(both);
    expect(await table(store, "shadow")).toEqual({ s: 3 });
  });
});

/** A store whose commits end when and how the test says. */
class SlowStore extends MemoryStore {
  readonly pending: ((outcome: "keep" | "refuse") => Promise<void>)[] = [];

  override commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push(async (outcome) => {
        if (outcome === "refuse") reject(FULL);
        else resolve(await super.commit(operations, durability));
      });
    });
  }
}

test("whatever fails when: what was acknowledged is there, and in the end the store holds what memory holds", async () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        key: fc.constantFrom("a", "b", "c"),
        remove: fc.boolean(),
        strong: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.constantFrom("keep" as const, "refuse" as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const store = new SlowStore();
      const { transactions } = house(store);
      const memory = new Map<string, number>();
      /** Of each key: the number of the last unit that was acknowledged, and of the unit that each stored value is of. */
      const acknowledged = new Map<string, number>();
      const units: Promise<void>[] = [];
      const writes: { number: number; key: string; remove: boolean }[] = [];
      const settle = async (outcome: "keep" | "refuse"): Promise<void> => {
        await store.pending.shift()?.(outcome);
        await turns();
      };
      for (const [number, each] of steps.entries()) {
        if (typeof each === "string") {
          await settle(each);
          for (const [key, least] of acknowledged) {
            const value = (await store.entries("t")).get(key);
            const shown = typeof value === "number" ? value : lastRemoval(writes, key);
            expect(shown, `${key} after ${number}`).toBeGreaterThanOrEqual(least);
          }
          continue;
        }
        const { key, remove, strong } = each;
        writes.push({ number, key, remove });
        if (remove) memory.delete(key);
        else memory.set(key, number);
        const unit = transactions.transact((open) => {
          if (remove) open.delete("t", key);
          else open.put("t", key, number);
          if (strong) open.require("power");
        });
        units.push(
          unit.then(
            () => void acknowledged.set(key, Math.max(number, acknowledged.get(key) ?? 0)),
            () => undefined,
          ),
        );
      }
      while (store.pending.length > 0) await settle("keep");
      const last = transactions.transact((open) => open.put("t", "last", 1));
      await turns();
      while (store.pending.length > 0) await settle("keep");
      await Promise.all([...units, last]);
      expect(await table(store)).toEqual({ ...Object.fromEntries(memory), last: 1 });
      expect(transactions.owed).toBe(0);
    }),
    { numRuns: 500 },
  );
});

function lastRemoval(
  writes: readonly { number: number; key: string; remove: boolean }[],
  key: string,
): number {
  return writes.findLast((write) => write.key === key && write.remove)?.number ?? -1;
}

function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function keyOf(operation: Operation): string {
  return "key" in operation ? operation.key : "";
}
