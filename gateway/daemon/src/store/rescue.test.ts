import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Committer } from "./committer.ts";
import { openDatabase } from "./database.ts";
import { markOf } from "./file-mark.ts";
import { type TemporaryFolder, temporaryFolder } from "./fixtures/temporary-folder.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { Reader } from "./reader.ts";
import { openRescue, type Rescue } from "./rescue.ts";
import { snapshotOf, takeSnapshot } from "./snapshot.ts";
import { DRIVER_NAMES, type OpenConnection } from "./sql-driver.ts";
import { failureOf } from "./store-failure.ts";

const LARGE = 1_000_000_000;

describe.each(DRIVER_NAMES)("rescue on %s", (driver) => {
  let connect: OpenConnection;
  beforeAll(async () => {
    connect = await loadSqlDriver({ driver });
  });

  /** Leaves a database as a crash does: the files as they are while it is open, `logged` with a log that is not played in. */
  async function crashed(place: TemporaryFolder, options: { logged: boolean }): Promise<string> {
    const made = join(place.folder, "made.db");
    const opened = await openDatabase(made, { driver });
    const committer = new Committer(opened.driver, () => false);
    const put = (key: string) => ({ op: "put", table: "t", key, text: "1" }) as const;
    committer.write([put("old"), { op: "append", log: "l", seq: 7, text: "1" }]);
    takeSnapshot(opened.driver, made);
    opened.driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    if (options.logged) committer.write([put("new")]);
    copyFileSync(made, place.file);
    copyFileSync(snapshotOf(made), snapshotOf(place.file));
    if (options.logged) copyFileSync(`${made}-wal`, `${place.file}-wal`);
    opened.driver.close();
    return place.file;
  }

  function rescue(place: TemporaryFolder, limitBytes = LARGE): Rescue {
    const folder = join(place.folder, "runtime");
    mkdirSync(folder, { recursive: true });
    return openRescue(connect, place.file, { folder, limitBytes });
  }

  function keys({ driver: opened }: Rescue): string[] {
    const found = [...new Reader(opened).entries("t").keys()];
    opened.close();
    return found;
  }

  function damage(file: string): void {
    writeFileSync(file, Buffer.alloc(20_000, "not a database"));
  }

  test.each([true, false])(
    "reads what a crash left, with a log (%s), and touches nothing",
    async (logged) => {
      using place = temporaryFolder();
      const before = markOf(await crashed(place, { logged }));
      const found = rescue(place);
      expect(found).toMatchObject({ extent: "whole", inPlace: false });
      expect(new Reader(found.driver).extent("l")).toEqual({ last: 7, count: 1 });
      expect(keys(found)).toEqual(logged ? ["new", "old"] : ["old"]);
      expect(markOf(place.file)).toBe(before);
      expect(readdirSync(join(place.folder, "runtime")), "no copy is left").toEqual([]);
    },
  );

  test("where there is no database, everything is known: nothing", () => {
    using place = temporaryFolder();
    const found = rescue(place);
    expect(found).toMatchObject({ extent: "whole", inPlace: false });
    expect(keys(found)).toEqual([]);
    expect(existsSync(place.file)).toBe(false);
  });

  test("a large one is read where it lies, its log too", async () => {
    using place = temporaryFolder();
    await crashed(place, { logged: true });
    const found = rescue(place, 100);
    expect(found).toMatchObject({ extent: "whole", inPlace: true });
    expect(keys(found)).toEqual(["new", "old"]);
  });

  // The other engine has no way to read a file without its log.
  const testFrozen = driver === "node:sqlite" ? test : () => undefined;

  testFrozen("a large one whose log cannot be read is an older state, and says so", async () => {
    using place = temporaryFolder();
    await crashed(place, { logged: true });
    symlinkSync("nowhere", `${place.file}-shm`); // The index of the log cannot be made: SQLite follows no link there.
    truncateSync(snapshotOf(place.file), 100);
    const found = rescue(place, 100);
    expect(found).toMatchObject({ extent: "part", inPlace: true });
    expect(found.missing).toMatch(
      /^the newest changes are not known \(a copy: has \d+ bytes, more than 100; in place: /,
    );
    expect(keys(found)).toEqual(["old"]);
  });

  testFrozen("a large one without a log needs no index", async () => {
    using place = temporaryFolder();
    await crashed(place, { logged: false });
    symlinkSync("nowhere", `${place.file}-shm`);
    const found = rescue(place, 100);
    expect(found).toMatchObject({ extent: "whole", inPlace: true });
    expect(keys(found)).toEqual(["old"]);
  });

  test("a damaged one leaves its snapshot, which is an older state", async () => {
    using place = temporaryFolder();
    damage(await crashed(place, { logged: false }));
    const found = rescue(place);
    expect(found).toMatchObject({ extent: "part", inPlace: false });
    expect(found.missing).toMatch(/^a snapshot is in use \(a copy: /);
    expect(keys(found)).toEqual(["old"]);
  });

  test("one that lost its content leaves its snapshot too", async () => {
    using place = temporaryFolder();
    truncateSync(await crashed(place, { logged: false }), 0);
    const found = rescue(place);
    expect(found).toMatchObject({ extent: "part" });
    expect(keys(found)).toEqual(["old"]);
  });

  test("a damaged one without a snapshot leaves nothing, and says so", async () => {
    using place = temporaryFolder();
    damage(place.file);
    const found = rescue(place);
    expect(found).toMatchObject({ extent: "nothing" });
    expect(found.missing).toMatch(/^nothing of it is known \(a copy: /);
    expect(keys(found)).toEqual([]);
  });

  test("one of a newer program is not read as if it were ours", async () => {
    using place = temporaryFolder();
    await crashed(place, { logged: false });
    const newer = connect(place.file);
    newer.exec("UPDATE meta SET value = '999' WHERE key = 'schema_version'");
    newer.close();
    for (const limit of [LARGE, 100]) {
      expect(() => rescue(place, limit)).toThrow(expect.objectContaining({ code: "newer-schema" }));
    }
  });

  test("a copy that a killed process left is removed", async () => {
    using place = temporaryFolder();
    mkdirSync(join(place.folder, "runtime/rescue-old"), { recursive: true });
    writeFileSync(join(place.folder, "runtime/rescue-old/copy.db"), "hashes of passwords");
    rescue(place).driver.close();
    expect(readdirSync(join(place.folder, "runtime"))).toEqual([]);
  });

  test("a frozen connection cannot write", async () => {
    using place = temporaryFolder();
    await crashed(place, { logged: false });
    const reading = connect(place.file, "read");
    expect(codeOf(() => reading.exec("DELETE FROM entry"))).toBe("read-only");
    reading.close();
    if (driver !== "node:sqlite") return;
    const frozen = connect(place.file, "frozen");
    expect(codeOf(() => frozen.exec("DELETE FROM entry"))).toBe("read-only");
    frozen.close();
  });
});

function codeOf(work: () => void): string {
  try {
    work();
    return "none";
  } catch (error) {
    return failureOf(error).code;
  }
}
