import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { openSqliteStore } from "./sqlite-store.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tram-copy-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const OMISSION = { tables: ["commands"], logs: ["outbox-"] };

test("a copy holds what was acknowledged, also what is in the journal alone, without what is left out", async () => {
  const home = folder();
  const store = await openSqliteStore(join(home, "tram.db"));
  await store.commit([{ op: "put", table: "things", key: "lamp", value: { on: true } }], "power");
  await store.commit(
    [
      { op: "put", table: "things", key: "pump", value: "acknowledged from the journal" },
      { op: "put", table: "commands", key: "c1", value: "a command under way" },
      { op: "append", log: "outbox-up", seq: 7, value: "a message under way" },
      { op: "append", log: "audit", seq: 3, value: "an entry" },
    ],
    "crash",
  );
  const to = join(home, "copy.db");
  expect(await store.copy(to, OMISSION)).toEqual({ schema: 1, entries: { things: 2 } });
  expect(statSync(to).mode & 0o777).toBe(0o600);
  await expect(store.copy(to, OMISSION), "over a file").rejects.toMatchObject({ code: "io" });
  await store.close();

  const copy = await openSqliteStore(to);
  expect(await copy.entries("things")).toEqual(
    new Map<string, unknown>([
      ["lamp", { on: true }],
      ["pump", "acknowledged from the journal"],
    ]),
  );
  expect((await copy.entries("commands")).size).toBe(0);
  expect(await copy.rows("audit", { after: 0, limit: 9 })).toEqual([{ seq: 3, value: "an entry" }]);
  // It goes on counting: a position is never given twice.
  expect(await copy.extent("outbox-up")).toEqual({ last: 7, count: 0 });
  await copy.close();
});

test("no journal continues a copy: not that of the original, which may lie beside it", async () => {
  const home = folder();
  const file = join(home, "tram.db");
  const store = await openSqliteStore(file, { journalFolder: home });
  await store.commit([{ op: "put", table: "things", key: "lamp", value: "old" }], "power");
  const to = join(home, "copy.db");
  await store.copy(to, OMISSION);
  const connect = await loadSqlDriver();
  const driver = connect(to);
  expect(driver.prepare("SELECT key FROM meta").all()).toEqual([{ key: "schema_version" }]);
  driver.close();
  await store.close();
});

test("a store that keeps nothing makes no copy", async () => {
  const home = folder();
  const store = await openSqliteStore(join(home, "tram.db"));
  await store.close();
  const to = join(home, "copy.db");
  await expect(store.copy(to, OMISSION)).rejects.toMatchObject({ code: "closed" });
  expect(existsSync(to)).toBe(false);
});
