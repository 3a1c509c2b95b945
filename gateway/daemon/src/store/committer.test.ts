import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Committer } from "./committer.ts";
import { openDatabase } from "./database.ts";
import type { EncodedOperation } from "./encode.ts";
import { type TemporaryFolder, temporaryFolder } from "./fixtures/temporary-folder.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { Reader } from "./reader.ts";
import { DRIVER_NAMES, type DriverName, type SqlDriver } from "./sql-driver.ts";

const put = (key: string, text = "1"): EncodedOperation => ({ op: "put", table: "t", key, text });
const remove = (key: string): EncodedOperation => ({ op: "delete", table: "t", key });
const append = (seq: number, text = "1"): EncodedOperation => ({ op: "append", log: "l", seq, text });

class Rig implements Disposable {
  readonly place: TemporaryFolder;
  readonly driver: SqlDriver;
  readonly committer: Committer;
  readonly reader: Reader;
  readOnly = false;

  constructor(driver: SqlDriver, place: TemporaryFolder) {
    this.place = place;
    this.driver = driver;
    this.committer = new Committer(driver, () => this.readOnly);
    this.reader = new Reader(driver);
  }

  static async open(name: DriverName): Promise<Rig> {
    const place = temporaryFolder();
    const { driver } = await openDatabase(place.file, { driver: name });
    return new Rig(driver, place);
  }

  content(): Record<string, unknown> {
    return Object.fromEntries(this.reader.entries("t"));
  }

  [Symbol.dispose](): void {
    this.driver.close();
    this.place[Symbol.dispose]();
  }
}

describe.each(DRIVER_NAMES)("the committer on %s", (driver) => {
  test("writes all or none, and works on after a batch that does not fit", async () => {
    using rig = await Rig.open(driver);
    const large = JSON.stringify("x".repeat(200_000));
    rig.driver.exec("PRAGMA max_page_count = 30");
    expect(rig.committer.write([put("a")])).toBeUndefined();
    expect(rig.committer.write([put("b"), put("large", large)])).toMatchObject({
      code: "full",
      scope: "batch",
    });
    expect(rig.committer.write([put("c")])).toBeUndefined();
    expect(rig.content()).toEqual({ a: 1, c: 1 });
    rig.driver.exec("PRAGMA max_page_count = 3000");
    expect(rig.committer.write([put("large", large)])).toBeUndefined();
  });

  test("an error that leaves the transaction open does not keep half a batch", async () => {
    using rig = await Rig.open(driver);
    rig.driver.exec(`CREATE TRIGGER picky BEFORE INSERT ON entry WHEN new.key = 'bad'
      BEGIN SELECT RAISE(FAIL, 'not this one'); END`);
    const undo: EncodedOperation[][] = [];
    expect(rig.committer.write([put("half"), put("bad")], undo)).toMatchObject({ message: "not this one" });
    expect(undo, "nothing is to be taken back").toEqual([]);
    expect(rig.committer.write([put("b")])).toBeUndefined();
    expect(rig.content()).toEqual({ b: 1 });
  });

  test("what was written can be taken back, in reverse", async () => {
    using rig = await Rig.open(driver);
    rig.committer.write([put("changed"), put("gone"), append(1), append(2)]);
    const before = [rig.content(), rig.reader.rows("l", 0, 9)];
    const undo: EncodedOperation[][] = [];
    rig.committer.write([put("changed", "2"), put("changed", "3"), remove("gone"), put("new")], undo);
    rig.committer.write([remove("new"), put("gone", "9"), append(3), append(1, "8")], undo);
    rig.committer.write([{ op: "remove", log: "l", seq: 2 }, put("changed", "4")], undo);
    expect(rig.committer.write(undo.reverse().flat())).toBeUndefined();
    expect([rig.content(), rig.reader.rows("l", 0, 9)]).toEqual(before);
  });

  test("counts what changed: a value that is there already is left alone", async () => {
    using rig = await Rig.open(driver);
    rig.committer.write([put("a"), append(1)]);
    expect(rig.committer.changes).toBe(2);
    rig.committer.write([put("a"), append(1), remove("none"), { op: "remove", log: "l", seq: 9 }]);
    expect(rig.committer.changes).toBe(2);
  });

  test("remembers the highest position of a log, also one that came and went before", async () => {
    using rig = await Rig.open(driver);
    rig.committer.write([append(3), { op: "remove", log: "l", seq: 3 }]);
    expect(rig.reader.extent("l")).toEqual({ last: 3, count: 0 });
    rig.committer.write([{ op: "head", log: "l", last: 7 }]);
    rig.committer.write([{ op: "head", log: "l", last: 5 }]);
    expect(rig.reader.extent("l")).toEqual({ last: 7, count: 0 });
  });

  test("removes rows that lie side by side, and remembers the highest position when it is among them", async () => {
    using rig = await Rig.open(driver);
    rig.committer.write([append(2), append(3), append(5), append(8)]);
    rig.committer.write([{ op: "remove-range", log: "l", from: 1, to: 4 }]);
    expect(rig.reader.rows("l", 0, 9).map(({ seq }) => seq)).toEqual([5, 8]);
    expect(rig.reader.extent("l")).toEqual({ last: 8, count: 2 });
    rig.committer.write([{ op: "remove-range", log: "l", from: 5, to: 9 }]);
    expect(rig.reader.extent("l")).toEqual({ last: 8, count: 0 });
    expect(rig.committer.changes).toBe(8);
  });

  test("tells a disk that became read-only from one that fails", async () => {
    using rig = await Rig.open(driver);
    rig.driver.exec("PRAGMA query_only = ON");
    expect(rig.committer.write([put("a")])).toMatchObject({ code: "read-only", scope: "medium" });
    rig.driver.exec("PRAGMA query_only = OFF");
    expect(rig.committer.write([put("a")])).toBeUndefined();
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
    expect(rig.committer.write([put("a")])).toMatchObject({ code: "corrupt", scope: "medium" });
  });
});
