import { describe, expect, test } from "vitest";
import { loadNodeSqlite } from "./node-sqlite-driver.ts";
import { MIGRATIONS, type Migration, migrate, schemaVersion } from "./schema.ts";

const connect = await loadNodeSqlite();
const step = (version: number, sql: string): Migration => ({ version, up: (driver) => driver.exec(sql) });
const tables = (driver: ReturnType<typeof connect>): unknown[] =>
  driver
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);

describe("the schema", () => {
  test("starts from nothing and is left alone the next time", () => {
    const driver = connect(":memory:");
    expect(schemaVersion(driver)).toBe(0);
    migrate(driver);
    expect(schemaVersion(driver)).toBe(MIGRATIONS.at(-1)?.version);
    expect(tables(driver)).toEqual(["entry", "log_head", "log_row", "meta"]);
    migrate(driver);
  });

  test("numbers its steps without a gap", () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  test("takes the steps that are missing, in order", () => {
    const driver = connect(":memory:");
    migrate(driver, [step(1, "CREATE TABLE a (x)")]);
    migrate(driver, [step(1, "CREATE TABLE a (x)"), step(2, "CREATE TABLE b (x)"), step(3, "DROP TABLE a")]);
    expect(schemaVersion(driver)).toBe(3);
    expect(tables(driver)).toEqual(["b", "meta"]);
  });

  test("a step that fails leaves the version before it, whole", () => {
    const driver = connect(":memory:");
    const steps = [step(1, "CREATE TABLE a (x)"), step(2, "CREATE TABLE b (x); CREATE TABLE a (x)")];
    expect(() => migrate(driver, steps)).toThrow(/already exists/);
    expect(schemaVersion(driver)).toBe(1);
    expect(tables(driver)).toEqual(["a", "meta"]);
    expect(driver.inTransaction).toBe(false);
  });

  test("one of a newer program is refused", () => {
    const driver = connect(":memory:");
    migrate(driver, [...MIGRATIONS, step(99, "CREATE TABLE later (x)")]);
    expect(() => migrate(driver)).toThrow(
      expect.objectContaining({ code: "newer-schema", message: expect.stringContaining("schema 99") }),
    );
  });
});
