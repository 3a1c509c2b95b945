import { describe, expect, test } from "vitest";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { DRIVER_NAMES, type LoadDriver, type SqlDriver, versionProblem } from "./sql-driver.ts";

const refusing =
  (reason: string): LoadDriver =>
  () =>
    Promise.reject(new Error(reason));

describe("the choice of an engine", () => {
  test.each([
    ["3.51.3", true],
    ["3.51.10", true],
    ["3.53.0", true],
    ["4.0.0", true],
    ["3.51.2", false],
    ["3.50.9", false],
    ["2.99.99", false],
    ["undefined", false],
  ])("SQLite %s is sound: %s", (version, sound) => {
    expect(versionProblem(version) === undefined).toBe(sound);
  });

  test("takes node:sqlite first, the addon where it cannot be used", async () => {
    const native = (): SqlDriver => {
      throw new Error("node");
    };
    const addon = (): SqlDriver => {
      throw new Error("addon");
    };
    const both = { "node:sqlite": async () => native, "better-sqlite3": async () => addon };
    expect(await loadSqlDriver({ loaders: both })).toBe(native);
    expect(await loadSqlDriver({ loaders: { ...both, "node:sqlite": refusing("old") } })).toBe(addon);
    expect(await loadSqlDriver({ loaders: both, driver: "better-sqlite3" })).toBe(addon);
  });

  test("says in one line what is wrong with each", async () => {
    const loaders = {
      "node:sqlite": refusing("has SQLite 3.50.2, needs 3.51.3 or newer"),
      "better-sqlite3": refusing("Cannot find package\nRequire stack: a, b"),
    };
    await expect(loadSqlDriver({ loaders })).rejects.toMatchObject({
      code: "no-sqlite",
      message:
        "no SQLite can be used here (node:sqlite: has SQLite 3.50.2, needs 3.51.3 or newer; better-sqlite3: Cannot find package)",
    });
  });
});

describe.each(DRIVER_NAMES)("the engine %s", (driver) => {
  test("runs statements, counts changes and knows its transaction", async () => {
    const connect = await loadSqlDriver({ driver });
    const sql = connect(":memory:");
    sql.exec("CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID");
    expect(sql.inTransaction).toBe(false);
    sql.exec("BEGIN");
    expect(sql.inTransaction).toBe(true);
    const put = sql.prepare("INSERT INTO t VALUES (?, ?), (?, ?)");
    expect(put.run("a", 2 ** 53 - 1, "b\0c", null)).toBe(2);
    sql.exec("COMMIT");
    const all = sql.prepare("SELECT k, v FROM t ORDER BY k");
    expect(all.all().map((row) => ({ ...row }))).toEqual([
      { k: "a", v: 2 ** 53 - 1 },
      { k: "b\0c", v: null },
    ]);
    expect(sql.prepare("SELECT v FROM t WHERE k = ?").get("a")?.v).toBe(2 ** 53 - 1);
    expect(sql.prepare("SELECT v FROM t WHERE k = ?").get("z")).toBeUndefined();
    sql.close();
  });
});
