import { existsSync, statSync } from "node:fs";
import type { Operation, StoreError } from "@tram/core";
import { storeContract } from "@tram/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bundleInto } from "./fixtures/bundle.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { DRIVER_NAMES } from "./sql-driver.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

const put = (key: string, value: number): Operation => ({ op: "put", table: "t", key, value });

function contract(options: () => SqliteStoreOptions) {
  return storeContract(async () => {
    const place = temporaryFolder();
    let store = await openSqliteStore(place.file, options());
    return {
      store,
      reopen: async () => {
        await store.close();
        store = await openSqliteStore(place.file, options());
        return store;
      },
      cleanup: async () => {
        await store.close();
        place[Symbol.dispose]();
      },
    };
  });
}

describe.each(DRIVER_NAMES)("the store on %s", (driver) => {
  const place = temporaryFolder();
  let program: URL;
  beforeAll(async () => {
    program = (await bundleInto(place.folder)).thread;
  });
  afterAll(() => place[Symbol.dispose]());
  for (const { name, run } of contract(() => ({ driver, program }))) test(name, run);
});

describe("the store", () => {
  test("groups what comes in one turn, and what comes while it is busy", async () => {
    using place = temporaryFolder();
    await using store = disposable(await openSqliteStore(place.file));
    const order: number[] = [];
    const all = Array.from({ length: 3_000 }, (_, index) =>
      store.commit([put("last", index)], "power").then(() => order.push(index)),
    );
    // One sync for each commit would take seconds.
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 3_000 }, (_, index) => index));
  });

  test("strict syncs before every acknowledgement, so nothing waits for the window", async () => {
    using place = temporaryFolder();
    await using store = disposable(await openSqliteStore(place.file, { strict: true }));
    await store.commit([put("a", 1)], "crash");
    expect(Object.fromEntries(await store.entries("t"))).toEqual({ a: 1 });
  });

  test("takes a snapshot when it closes, and none when nothing changed since", async () => {
    using place = temporaryFolder();
    const first = await openSqliteStore(place.file);
    await first.commit([put("a", 1)], "crash");
    await first.close();
    const taken = statSync(`${place.file}.snapshot`);
    const second = await openSqliteStore(place.file);
    await second.commit([put("a", 1)], "power");
    await second.close();
    expect(statSync(`${place.file}.snapshot`).ino).toBe(taken.ino);
    const third = await openSqliteStore(place.file);
    await third.commit([put("a", 2)], "crash");
    await third.close();
    expect(statSync(`${place.file}.snapshot`).ino).not.toBe(taken.ino);
  });

  test("takes a snapshot from time to time while it works, if anything changed", async () => {
    using place = temporaryFolder();
    const faults: StoreError[] = [];
    const onFault = (error: StoreError) => void faults.push(error);
    await using store = disposable(await openSqliteStore(place.file, { snapshotEveryMs: 20, onFault }));
    await store.commit([put("a", 1)], "power");
    await vi.waitFor(() => expect(existsSync(`${place.file}.snapshot`)).toBe(true), { timeout: 5_000 });
    const { ino } = statSync(`${place.file}.snapshot`);
    await store.commit([put("a", 2)], "power");
    await vi.waitFor(() => expect(statSync(`${place.file}.snapshot`).ino).not.toBe(ino), { timeout: 5_000 });
    expect(faults).toEqual([]);
  });

  test("tells its opener that it does not open", async () => {
    using place = temporaryFolder();
    await expect(openSqliteStore(`${place.folder}/nowhere/tram.db`)).rejects.toMatchObject({ code: "io" });
  });
});

function disposable<T extends { close(): Promise<void> }>(store: T): T & AsyncDisposable {
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}
