import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Committer, type Medium } from "./committer.ts";
import { openDatabase } from "./database.ts";
import { type TemporaryFolder, temporaryFolder } from "./fixtures/temporary-folder.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { Reader } from "./reader.ts";
import { DRIVER_NAMES, type DriverName, type SqlDriver } from "./sql-driver.ts";
import type { WireBatch, WireOperation } from "./wire.ts";

const put = (key: string, text = "1"): WireOperation => ({ op: "put", table: "t", key, text });
const crash = (...operations: WireOperation[]): WireBatch => ({ operations, power: false });
const power = (...operations: WireOperation[]): WireBatch => ({ operations, power: true });

class Rig implements Disposable {
  readonly place: TemporaryFolder;
  readonly statements: string[] = [];
  syncs = 0;
  syncError: Error | undefined;
  readOnly = false;
  readonly #driver: SqlDriver;
  readonly committer: Committer;

  constructor(driver: SqlDriver, place: TemporaryFolder) {
    this.place = place;
    this.#driver = driver;
    const medium: Medium = {
      syncWal: () => {
        if (this.syncError !== undefined) throw this.syncError;
        this.syncs++;
      },
      isReadOnly: () => this.readOnly,
    };
    const watched: SqlDriver = {
      get inTransaction() {
        return driver.inTransaction;
      },
      exec: (sql) => {
        this.statements.push(sql);
        driver.exec(sql);
      },
      prepare: (sql) => driver.prepare(sql),
      close: () => driver.close(),
    };
    this.committer = new Committer(watched, medium);
  }

  static async open(name: DriverName): Promise<Rig> {
    const place = temporaryFolder();
    const { driver } = await openDatabase(place.file, { driver: name });
    return new Rig(driver, place);
  }

  sql(text: string): void {
    this.#driver.exec(text);
  }

  keys(): string[] {
    return new Reader(this.#driver).entries("t").map(([key]) => key);
  }

  [Symbol.dispose](): void {
    this.#driver.close();
    this.place[Symbol.dispose]();
  }
}

describe.each(DRIVER_NAMES)("the committer on %s", (driver) => {
  test("keeps a group in one transaction, as strongly as its strongest batch asks", async () => {
    using rig = await Rig.open(driver);
    expect(rig.committer.commit([crash(put("a")), crash(put("b"))])).toEqual([undefined, undefined]);
    expect(rig.committer.commit([crash(put("c")), power(put("d"))])).toEqual([undefined, undefined]);
    expect(rig.committer.commit([power(put("e"))])).toEqual([undefined]);
    expect(rig.statements).toEqual([
      "PRAGMA synchronous = NORMAL",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "PRAGMA synchronous = FULL",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "BEGIN IMMEDIATE",
      "COMMIT",
    ]);
    expect(rig.keys()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("a batch that does not fit fails alone; when there is room again it is taken", async () => {
    using rig = await Rig.open(driver);
    const large = JSON.stringify("x".repeat(200_000));
    rig.sql("PRAGMA max_page_count = 30");
    const outcomes = rig.committer.commit([
      crash(put("a")),
      crash(put("b"), put("large", large)),
      power(put("c")),
    ]);
    expect(outcomes).toEqual([undefined, expect.objectContaining({ code: "full" }), undefined]);
    expect(rig.keys()).toEqual(["a", "c"]);
    rig.sql("PRAGMA max_page_count = 3000");
    expect(rig.committer.commit([crash(put("large", large))])).toEqual([undefined]);
    expect(rig.keys()).toEqual(["a", "c", "large"]);
  });

  test("an error that leaves the transaction open does not keep half a batch", async () => {
    using rig = await Rig.open(driver);
    rig.sql(`CREATE TRIGGER picky BEFORE INSERT ON entry WHEN new.key = 'bad'
      BEGIN SELECT RAISE(FAIL, 'not this one'); END`);
    const bad = crash(put("half"), put("bad"));
    const outcomes = rig.committer.commit([crash(put("a")), bad, crash(put("b"))]);
    expect(outcomes).toEqual([undefined, expect.objectContaining({ message: "not this one" }), undefined]);
    expect(rig.committer.commit([bad])).toEqual([expect.objectContaining({ code: "io" })]);
    expect(rig.committer.commit([power(put("c"))])).toEqual([undefined]);
    expect(rig.keys()).toEqual(["a", "b", "c"]);
  });

  test("a medium that takes nothing is asked once, not once for each batch", async () => {
    using rig = await Rig.open(driver);
    rig.sql("PRAGMA query_only = ON");
    const failed = expect.objectContaining({ code: "read-only" });
    expect(rig.committer.commit([crash(put("a")), power(put("b"))])).toEqual([failed, failed]);
    expect(rig.statements.filter((sql) => sql.startsWith("BEGIN"))).toHaveLength(1);
    rig.sql("PRAGMA query_only = OFF");
    expect(rig.committer.commit([crash(put("a"))])).toEqual([undefined]);
  });

  test("knows what a power cut would cost", async () => {
    using rig = await Rig.open(driver);
    expect(rig.committer.unsynced).toBe(false);
    rig.committer.commit([crash(put("a"))]);
    expect(rig.committer.unsynced).toBe(true);
    rig.committer.commit([power(put("b"))]);
    expect(rig.committer.unsynced).toBe(false);
    rig.committer.commit([crash(put("b")), crash({ op: "delete", table: "t", key: "none" })]);
    expect(rig.committer.unsynced, "nothing changed").toBe(false);
    expect(rig.committer.changes).toBe(2);
    expect(rig.committer.sync()).toBeUndefined();
    expect(rig.syncs).toBe(0);
    rig.committer.commit([crash(put("a", "2"))]);
    expect(rig.committer.sync()).toBeUndefined();
    expect([rig.syncs, rig.committer.unsynced]).toEqual([1, false]);
  });

  test("a power batch that changes nothing syncs what it relies on", async () => {
    using rig = await Rig.open(driver);
    rig.committer.commit([crash(put("a"))]);
    expect(rig.committer.commit([power(put("a"))])).toEqual([undefined]);
    expect(rig.syncs).toBe(1);
    rig.committer.commit([crash(put("a", "2"))]);
    rig.syncError = Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    expect(rig.committer.commit([power()])).toEqual([expect.objectContaining({ code: "io" })]);
    expect(rig.committer.unsynced).toBe(true);
    rig.readOnly = true;
    expect(rig.committer.sync()).toMatchObject({ code: "read-only" });
    rig.syncError = undefined;
    expect(rig.committer.sync()).toBeUndefined();
  });

  test("a page that is damaged is told as corrupt", async () => {
    using place = temporaryFolder();
    (await openDatabase(place.file, { driver })).driver.close();
    const bytes = readFileSync(place.file);
    // The first page, with the schema, stays whole.
    bytes.fill(0x5a, 4096);
    writeFileSync(place.file, bytes);
    const connect = await loadSqlDriver({ driver });
    using rig = new Rig(connect(place.file), place);
    const failed = expect.objectContaining({ code: "corrupt" });
    expect(rig.committer.commit([power(put("a")), crash(put("b"))])).toEqual([failed, failed]);
  });
});
