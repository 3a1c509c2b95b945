import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Operation, Store } from "@tram/core";
import { expect, test } from "vitest";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const KEYS = 150;
/** So long that some 125 batches are more than the journal may hold. */
const PADDING = "x".repeat(8_000);

/** A batch is a row and two entries, one of which the next batch writes again: half of one would show. */
function batchOf(number: number): readonly Operation[] {
  return [
    { op: "put", table: "t", key: String((number * 7) % KEYS), value: `${number} ${PADDING}` },
    { op: "put", table: "u", key: "latest", value: number },
    { op: "append", log: "l", seq: number, value: number },
    ...(number > 50 ? [{ op: "remove" as const, log: "l", seq: number - 50 }] : []),
  ];
}

/** What a store holds after so many batches. */
function expected(count: number): unknown {
  const t: Record<string, number> = {};
  for (let number = 1; number <= count; number++) t[(number * 7) % KEYS] = number;
  const rows = Array.from({ length: Math.min(50, count) }, (_, index) => Math.max(0, count - 50) + index + 1);
  return { t, latest: count, rows, last: count };
}

async function contentOf(store: Store): Promise<unknown> {
  const t: Record<string, number> = {};
  for (const [key, value] of await store.entries("t")) t[key] = Number(String(value).split(" ")[0]);
  const rows = await store.rows("l", { after: 0, limit: 1_000 });
  const { last } = await store.extent("l");
  return { t, latest: (await store.entries("u")).get("latest"), rows: rows.map(({ seq }) => seq), last };
}

// The files as they are in the kernel at a moment are what `kill -9` would leave; without the journal, which is in memory,
// what a power cut would leave at best.
test("cut off in any turn of a window on its way into the database, nothing acknowledged is lost, and nothing is half", async () => {
  using place = temporaryFolder();
  const folder = join(place.folder, "store");
  mkdirSync(folder);
  const store = await openSqliteStore(join(folder, "tram.db"), {
    syncWindowMs: 60_000,
    turnMs: 0,
    journalBytes: 1_048_576,
  });
  let acknowledged = 0;
  const commit = async (count: number): Promise<void> => {
    const batches = Array.from({ length: count }, (_, index) => batchOf(acknowledged + index + 1));
    await Promise.all(batches.map((batch) => store.commit(batch, "crash")));
    acknowledged += count;
  };
  while (acknowledged < 115) await commit(1);
  const cuts: { readonly folder: string; readonly acknowledged: number }[] = [];
  for (let turn = 0; turn < 50; turn++) {
    const cut = join(place.folder, `cut-${turn}`);
    mkdirSync(cut);
    for (const name of readdirSync(folder)) {
      if (!name.endsWith("-shm")) copyFileSync(join(folder, name), join(cut, name));
    }
    cuts.push({ folder: cut, acknowledged });
    expect(await contentOf(store)).toEqual(expected(acknowledged));
    if (turn % 2 === 0) await commit(5);
    else await nextTurn();
  }
  await store.close();

  const found = new Set<number>();
  for (const cut of cuts) {
    const dark = join(cut.folder, "dark");
    mkdirSync(dark);
    for (const name of ["tram.db", "tram.db-wal"]) copyFileSync(join(cut.folder, name), join(dark, name));
    const killed = await openSqliteStore(join(cut.folder, "tram.db"));
    expect(await contentOf(killed)).toEqual(expected(cut.acknowledged));
    await killed.close();
    const powerless = await openSqliteStore(join(dark, "tram.db"));
    const content = await contentOf(powerless);
    const { last } = await powerless.extent("l");
    await powerless.close();
    if (last > 0) expect(content).toEqual(expected(last));
    found.add(last);
  }
  // Cuts lay before the window was in the database, between its end and that of what came meanwhile, and behind.
  expect(found.size).toBeGreaterThan(2);
}, 60_000);

test.each([0, 1, 2, 3, 4])(
  "what is acknowledged during the sync of a stronger commit is not replaced by that (%i turns later)",
  async (turns) => {
    using place = temporaryFolder();
    using killed = temporaryFolder();
    const store = await openSqliteStore(place.file, { syncWindowMs: 60_000, journalBytes: 1_048_576 });
    // The journal is full at once and begins anew, without the stronger commit.
    const large = store.commit([{ op: "put", table: "t", key: "a", value: "x".repeat(1_100_000) }], "crash");
    const strong = store.commit([{ op: "put", table: "t", key: "b", value: "strong" }], "power");
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    const latest = store.commit([{ op: "put", table: "t", key: "b", value: "latest" }], "crash");
    await Promise.all([large, strong, latest]);
    for (const name of readdirSync(place.folder)) {
      if (!name.endsWith("-shm")) copyFileSync(join(place.folder, name), join(killed.folder, name));
    }
    await store.close();
    const again = await openSqliteStore(killed.file);
    expect((await again.entries("t")).get("b")).toBe("latest");
    await again.close();
  },
);
