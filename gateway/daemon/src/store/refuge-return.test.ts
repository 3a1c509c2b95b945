import { symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const failing = vi.hoisted(() => ({ times: 0 }));

// Nothing on a real disk fails between two statements of the same turn, each time, so it is made to fail here.
vi.mock("./working-database.ts", async (original) => {
  const real = await original<typeof import("./working-database.ts")>();
  return {
    ...real,
    WorkingDatabase: class extends real.WorkingDatabase {
      constructor(...parts: ConstructorParameters<typeof real.WorkingDatabase>) {
        if (failing.times-- > 0) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
        super(...parts);
      }
    },
  };
});

test("a disk that fails once more when the database is open again is waited for again", async () => {
  using place = temporaryFolder();
  const first = await openSqliteStore(place.file);
  await first.commit([{ op: "put", table: "t", key: "a", value: 1 }], "power");
  await first.close();
  symlinkSync("nowhere", `${place.file}-shm`); // SQLite follows no link there: the database can only be read.
  const folder = join(place.folder, "runtime");
  const store = await openSqliteStore(place.file, { refuge: { folder, retryMs: 0 } });
  unlinkSync(`${place.file}-shm`);
  failing.times = 1;
  const put = () => store.commit([{ op: "put", table: "t", key: "b", value: 2 }], "power");
  await expect(put()).rejects.toMatchObject({ code: "io" });
  expect(Object.fromEntries(await store.entries("t"))).toEqual({ a: 1 });
  await put();
  expect(Object.fromEntries(await store.entries("t"))).toEqual({ a: 1, b: 2 });
  await store.close();
});
