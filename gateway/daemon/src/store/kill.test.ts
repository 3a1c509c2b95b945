import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Operation, Store } from "@tram/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

type Step =
  | { readonly do: "turn"; readonly batches: readonly Batch[] }
  | { readonly do: "kill" }
  | { readonly do: "restart" }
  /** Long enough for the window to end. */
  | { readonly do: "wait" };

interface Batch {
  readonly power: boolean;
  readonly operations: readonly Operation[];
}

const PADDING = "x".repeat(30_000);
const key = fc.constantFrom("a", "b", "c", "d");
const seq = fc.integer({ min: 1, max: 6 });
const value = fc
  .tuple(fc.nat(), fc.boolean())
  .map(([number, large]) => (large ? `${number} ${PADDING}` : number));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant("put" as const), table: fc.constantFrom("t", "u"), key, value }),
  fc.record({ op: fc.constant("delete" as const), table: fc.constantFrom("t", "u"), key }),
  fc.record({ op: fc.constant("append" as const), log: fc.constant("l"), seq, value }),
  fc.record({ op: fc.constant("remove" as const), log: fc.constant("l"), seq }),
);
const batch: fc.Arbitrary<Batch> = fc.record({
  power: fc.boolean(),
  operations: fc.array(operation, { maxLength: 4 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("turn" as const), batches: fc.array(batch, { maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: "kill" }, { do: "restart" }, { do: "wait" }) },
);

/** What the store must hold, kept in the simplest way. */
class Model {
  readonly tables = new Map<string, Map<string, unknown>>([
    ["t", new Map()],
    ["u", new Map()],
  ]);
  readonly rows = new Map<number, unknown>();
  last = 0;

  apply({ operations }: Batch): void {
    for (const each of operations) {
      if (each.op === "put") this.tables.get(each.table)?.set(each.key, each.value);
      if (each.op === "delete") this.tables.get(each.table)?.delete(each.key);
      if (each.op === "append") {
        this.rows.set(each.seq, each.value);
        this.last = Math.max(this.last, each.seq);
      }
      if (each.op === "remove") this.rows.delete(each.seq);
    }
  }

  async compare(store: Store): Promise<void> {
    for (const [table, entries] of this.tables) {
      const found = await store.entries(table);
      expect([...found]).toEqual([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    const rows = [...this.rows].map(([at, each]) => ({ seq: at, value: each })).sort((a, b) => a.seq - b.seq);
    expect(await store.rows("l", { after: 0, limit: 99 })).toEqual(rows);
    expect(await store.rows("l", { after: 2, limit: 2 })).toEqual(
      rows.filter((row) => row.seq > 2).slice(0, 2),
    );
    expect(await store.extent("l")).toEqual({ last: this.last, count: rows.length });
  }
}

// The files as they are in the kernel at a moment are what `kill -9` would leave: a copy of them is a killed store.
test("whatever is committed and whenever it is killed, the store holds what was acknowledged", async () => {
  const run = async (steps: readonly Step[]): Promise<void> => {
    using place = temporaryFolder();
    let folder = join(place.folder, "0");
    mkdirSync(folder);
    const open = () => openSqliteStore(join(folder, "tram.db"), { syncWindowMs: 3, checkpointPages: 40 });
    const model = new Model();
    let store = await open();
    for (const [index, each] of steps.entries()) {
      if (each.do === "turn") {
        const commits = each.batches.map(({ operations, power }) =>
          store.commit(operations, power ? "power" : "crash"),
        );
        await Promise.all(commits);
        for (const committed of each.batches) model.apply(committed);
      } else if (each.do === "wait") await new Promise((resolve) => setTimeout(resolve, 6));
      else {
        const next = join(place.folder, String(index + 1));
        mkdirSync(next);
        if (each.do === "restart") await store.close();
        for (const name of readdirSync(folder)) {
          if (!name.endsWith("-shm")) copyFileSync(join(folder, name), join(next, name));
        }
        await store.close();
        folder = next;
        store = await open();
        expect(store.quarantine).toBeUndefined();
      }
      await model.compare(store);
    }
    await store.close();
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), run), { numRuns: 60 });
}, 120_000);

test("the journal of a newer database is not played into an older copy of it", async () => {
  using place = temporaryFolder();
  using old = temporaryFolder();
  const store = await openSqliteStore(place.file, { syncWindowMs: 60_000, journalBytes: 1_048_576 });
  await store.commit([{ op: "put", table: "t", key: "a", value: 1 }], "power");
  for (const part of ["", "-wal"]) copyFileSync(`${place.file}${part}`, `${old.file}${part}`);
  // So much that the journal begins anew.
  for (let number = 2; number < 40; number++) {
    await store.commit([{ op: "put", table: "t", key: "a", value: `${number} ${PADDING}` }], "crash");
  }
  await store.commit([{ op: "put", table: "t", key: "b", value: 2 }], "crash");
  for (const name of readdirSync(place.folder)) {
    if (name.endsWith(".journal")) copyFileSync(join(place.folder, name), join(old.folder, name));
  }
  await store.close();
  const restored = await openSqliteStore(old.file);
  expect(Object.fromEntries(await restored.entries("t"))).toEqual({ a: 1 });
  await restored.close();
});
