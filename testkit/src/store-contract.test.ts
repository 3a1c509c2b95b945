import { AssertionError } from "node:assert/strict";
import type { Durability, LogRow, Operation, Store } from "@tram/core";
import type { Json } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "./memory-store.ts";
import { type StoreUnderTest, storeContract } from "./store-contract.ts";

describe("the memory store", () => {
  for (const { name, run } of storeContract(() => under(new MemoryStore()))) test(name, run);
});

describe("the contract catches a store that", () => {
  const broken: readonly [what: string, store: () => MemoryStore, rule: RegExp][] = [
    ["loses the last write of a batch", () => new LosesLastWrite(), /read back/],
    ["keeps half a batch", () => new KeepsHalf(), /refused whole/],
    ["lets strong batches overtake", () => new StrongFirst(), /durability does not change the order/],
    ["applies batches in reverse", () => new LateFirst(), /in the order of the calls/],
    ["keeps the first write of a key", () => new FirstWins(), /the last write of a batch wins/],
    ["forgets positions of removed rows", () => new ForgetsLast(), /the extent remembers/],
    ["ignores the place to go on from", () => new IgnoresAfter(), /page by page/],
    ["ignores the size of a page", () => new IgnoresLimit(), /page by page/],
    ["gives entries as they came", () => new Unsorted(), /key order/],
    ["copies too late", () => new CopiesLate(), /kept as it was/],
    ["mixes up its logs", () => new OneLog(), /only the table and the log/],
    ["mangles Unicode", () => new Latin(), /every JSON value/],
    ["keeps on after it was closed", () => new NeverCloses(), /refuses what comes after/],
  ];
  test.each(broken)("%s", async (_, store, rule) => {
    const check = storeContract(() => under(store())).find(({ name }) => rule.test(name));
    const failure: unknown = await check?.run().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(AssertionError);
  });
});

test("the contract cleans up after a failure as well", async () => {
  let cleaned = 0;
  const checks = storeContract(async () => ({
    ...(await under(new LosesLastWrite())),
    cleanup: async () => void cleaned++,
  }));
  await Promise.allSettled(checks.map(({ run }) => run()));
  expect(cleaned).toBe(checks.length);
});

async function under(store: MemoryStore): Promise<StoreUnderTest> {
  const reopen = async (): Promise<Store> => {
    store.reopen();
    return store;
  };
  return { store, reopen, cleanup: () => store.close() };
}

type Rows = { after: number; limit: number };

class LosesLastWrite extends MemoryStore {
  override commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    return super.commit(operations.slice(0, -1), durability);
  }
}

class KeepsHalf extends MemoryStore {
  override async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    for (const operation of operations) await super.commit([operation], durability);
  }
}

class StrongFirst extends MemoryStore {
  override async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    const copy = structuredClone(operations);
    if (durability === "crash") await new Promise((resolve) => setImmediate(resolve));
    await super.commit(copy, durability);
  }
}

class LateFirst extends MemoryStore {
  #batches: (() => void)[] = [];
  override async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    const copy = structuredClone(operations);
    const turn = Promise.withResolvers<void>();
    this.#batches.push(turn.resolve);
    setImmediate(() => this.#batches.pop()?.());
    await turn.promise;
    await super.commit(copy, durability);
  }
}

class FirstWins extends MemoryStore {
  override commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    return super.commit([...operations].reverse(), durability);
  }
}

class ForgetsLast extends MemoryStore {
  override async extent(log: string): Promise<{ last: number; count: number }> {
    const rows = await this.rows(log, { after: 0, limit: 10_000 });
    return { last: rows.at(-1)?.seq ?? 0, count: rows.length };
  }
}

class IgnoresAfter extends MemoryStore {
  override rows(log: string, { limit }: Rows): Promise<readonly LogRow[]> {
    return super.rows(log, { after: 0, limit });
  }
}

class IgnoresLimit extends MemoryStore {
  override rows(log: string, { after }: Rows): Promise<readonly LogRow[]> {
    return super.rows(log, { after, limit: 10_000 });
  }
}

class Unsorted extends MemoryStore {
  override async entries(table: string): Promise<ReadonlyMap<string, Json>> {
    return new Map([...(await super.entries(table))].reverse());
  }
}

class CopiesLate extends MemoryStore {
  override async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    await Promise.resolve();
    await super.commit(operations, durability);
  }
}

class OneLog extends MemoryStore {
  override commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    const merged = operations.map((operation) =>
      "log" in operation ? { ...operation, log: "all" } : operation,
    );
    return super.commit(merged, durability);
  }
  override rows(_: string, options: Rows): Promise<readonly LogRow[]> {
    return super.rows("all", options);
  }
  override extent(_: string): Promise<{ last: number; count: number }> {
    return super.extent("all");
  }
}

class Latin extends MemoryStore {
  override async entries(table: string): Promise<ReadonlyMap<string, Json>> {
    const latin = (value: Json): Json => JSON.parse(JSON.stringify(value).replaceAll(/[^ -~]/g, "?"));
    return new Map([...(await super.entries(table))].map(([key, value]) => [key, latin(value)]));
  }
}

class NeverCloses extends MemoryStore {
  override async close(): Promise<void> {
    await Promise.resolve();
  }
}
