import {
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Operation, Store } from "@tram/core";
import { describe, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";

const put = (key: string, value: number): Operation => ({ op: "put", table: "t", key, value });

/** Opens a store that takes refuge when the disk does not allow writing. */
async function open(place: TemporaryFolder, file = place.file) {
  const told: string[] = [];
  const folder = join(place.folder, "runtime");
  mkdirSync(folder, { recursive: true });
  const store = await openSqliteStore(file, {
    refuge: { folder, retryMs: 0 },
    onStale: (quarantine) => told.push(quarantine === undefined ? "stale" : `stale, ${quarantine.problem}`),
    onFault: ({ code }) => told.push(code),
  });
  return { store, told, [Symbol.asyncDispose]: () => store.close() };
}

/** A database with `a: 1` and the row 5, closed in order. */
async function prepare(file: string): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const store = await openSqliteStore(file);
  await store.commit([put("a", 1), { op: "append", log: "l", seq: 5, value: "five" }], "power");
  await store.close();
}

/** The index of the log cannot be made, for SQLite follows no link there: the database can only be read. */
function block(file: string): void {
  symlinkSync("nowhere", `${file}-shm`);
}

function unblock(file: string): void {
  unlinkSync(`${file}-shm`);
}

async function entries(store: Store): Promise<Record<string, unknown>> {
  return Object.fromEntries(await store.entries("t"));
}

async function contentOf(file: string): Promise<Record<string, unknown>> {
  const store: SqliteStore = await openSqliteStore(file);
  const found = await entries(store);
  await store.close();
  return found;
}

describe("a store whose database cannot be written at the start", () => {
  test("says so, reads what is there, and refuses commits with the reason", async () => {
    using place = temporaryFolder();
    await prepare(place.file);
    block(place.file);
    await using rig = await open(place);
    const { store } = rig;
    expect(store.refuge).toMatchObject({ extent: "whole", failure: { code: "io" } });
    expect(await entries(store)).toEqual({ a: 1 });
    expect(await store.rows("l", { after: 0, limit: 9 })).toEqual([{ seq: 5, value: "five" }]);
    expect(await store.extent("l")).toEqual({ last: 5, count: 1 });
    await expect(store.commit([put("b", 2)], "power")).rejects.toMatchObject({ code: "io" });
    await expect(store.commit([], "crash")).rejects.toMatchObject({ code: "io" });
    expect(await entries(store), "nothing of a refused batch is seen").toEqual({ a: 1 });
  });

  test("takes it up again when it is what was read, and loses nothing", async () => {
    using place = temporaryFolder();
    await prepare(place.file);
    block(place.file);
    await using rig = await open(place);
    await expect(rig.store.commit([put("b", 2)], "power")).rejects.toMatchObject({ code: "io" });
    unblock(place.file);
    await rig.store.commit([put("c", 3)], "power");
    expect(await entries(rig.store)).toEqual({ a: 1, c: 3 });
    await rig.store.close();
    expect(rig.told).toEqual([]);
    expect(await contentOf(place.file)).toEqual({ a: 1, c: 3 });
  });

  test("is not content with a connection that can only read: it would stay so when the disk is well again", async () => {
    using place = temporaryFolder();
    await prepare(place.file);
    mkdirSync(`${place.file}-shm`); // SQLite can open it for reading.
    await using rig = await open(place);
    expect(rig.store.refuge).toMatchObject({ extent: "whole", failure: { code: "read-only" } });
    rmdirSync(`${place.file}-shm`);
    await rig.store.commit([put("c", 3)], "power");
    expect(await entries(rig.store)).toEqual({ a: 1, c: 3 });
  });

  test("does not mix with a database that somebody changed: it is stale, and says so once", async () => {
    using place = temporaryFolder();
    const backup = join(place.folder, "backup/tram.db");
    await prepare(backup);
    await prepare(place.file);
    block(place.file);
    await using rig = await open(place);
    renameSync(backup, place.file);
    unblock(place.file);
    for (let again = 0; again < 3; again++) {
      await expect(rig.store.commit([put("c", 3)], "power")).rejects.toMatchObject({ code: "io" });
    }
    expect(rig.told).toEqual(["stale"]);
    await rig.store.close();
    expect(await contentOf(place.file)).toEqual({ a: 1 });
  });

  test("makes no empty one in the place of one that has gone", async () => {
    using place = temporaryFolder();
    await prepare(place.file);
    block(place.file);
    await using rig = await open(place);
    for (const part of ["", ".snapshot"]) renameSync(`${place.file}${part}`, `${place.file}${part}.away`);
    unblock(place.file);
    await expect(rig.store.commit([put("c", 3)], "power")).rejects.toThrow(/was there at the start is gone/);
    expect(existsSync(place.file)).toBe(false);
    expect(await entries(rig.store)).toEqual({ a: 1 });
    for (const part of ["", ".snapshot"]) renameSync(`${place.file}${part}.away`, `${place.file}${part}`);
    await rig.store.commit([put("c", 3)], "power");
    await rig.store.close();
    expect(await contentOf(place.file)).toEqual({ a: 1, c: 3 });
  });

  test("a damaged one that can be replaced by then is stale, and what was damaged is told", async () => {
    using place = temporaryFolder();
    await prepare(place.file);
    writeFileSync(place.file, Buffer.alloc(20_000, "not a database"));
    mkdirSync(`${place.file}.restoring`); // The snapshot cannot be put in its place.
    await using rig = await open(place);
    expect(rig.store.refuge).toMatchObject({
      extent: "part",
      missing: expect.stringMatching(/^a snapshot is in use/),
    });
    expect(await entries(rig.store)).toEqual({ a: 1 });
    rmdirSync(`${place.file}.restoring`);
    await expect(rig.store.commit([put("c", 3)], "power")).rejects.toMatchObject({ name: "StoreError" });
    expect(rig.told).toEqual([expect.stringMatching(/^stale, .+/)]);
    await rig.store.close();
    expect(await contentOf(place.file)).toEqual({ a: 1 });
  });
});

describe("a store whose folder cannot be made", () => {
  test("begins empty, and makes its database once it can: there was none", async () => {
    using place = temporaryFolder();
    const folder = join(place.folder, "data");
    writeFileSync(folder, "a file");
    const file = join(folder, "tram.db");
    await using rig = await open(place, file);
    expect(rig.store.refuge).toMatchObject({
      extent: "whole",
      failure: { message: `expected a folder that can be made, found EEXIST: ${folder}` },
    });
    expect(await entries(rig.store)).toEqual({});
    await expect(rig.store.commit([put("a", 1)], "crash")).rejects.toMatchObject({ code: "io" });
    rmSync(folder);
    await rig.store.commit([put("b", 2)], "crash");
    await rig.store.close();
    expect(await contentOf(file)).toEqual({ b: 2 });
  });

  test("does not write into a database that appears there later", async () => {
    using place = temporaryFolder();
    const folder = join(place.folder, "data");
    const elsewhere = join(place.folder, "elsewhere");
    await prepare(join(elsewhere, "tram.db"));
    writeFileSync(folder, "a file");
    await using rig = await open(place, join(folder, "tram.db"));
    rmSync(folder);
    renameSync(elsewhere, folder);
    await expect(rig.store.commit([put("b", 2)], "crash")).rejects.toMatchObject({ code: "io" });
    expect(rig.told).toEqual(["stale"]);
    await rig.store.close();
    expect(await contentOf(join(folder, "tram.db"))).toEqual({ a: 1 });
  });

  test("without a refuge it is not opened", async () => {
    using place = temporaryFolder();
    writeFileSync(join(place.folder, "data"), "a file");
    await expect(openSqliteStore(join(place.folder, "data/tram.db"))).rejects.toMatchObject({
      name: "StoreOpenError",
    });
  });
});
