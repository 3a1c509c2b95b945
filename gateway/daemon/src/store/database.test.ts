import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { Committer } from "./committer.ts";
import { openDatabase } from "./database.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { quarantine } from "./quarantine.ts";
import { Reader } from "./reader.ts";
import { takeSnapshot } from "./snapshot.ts";
import { DRIVER_NAMES, type DriverName } from "./sql-driver.ts";

/** Writes keys in one life of the database; a snapshot is taken before the last key. */
async function live(
  file: string,
  driver: DriverName,
  keys: readonly string[],
  snapshot = false,
): Promise<void> {
  const opened = await openDatabase(file, { driver });
  const committer = new Committer(opened.driver, () => false);
  for (const [index, key] of keys.entries()) {
    if (snapshot && index === keys.length - 1) takeSnapshot(opened.driver, file);
    committer.write([{ op: "put", table: "t", key, text: `"${"v".repeat(900)}"` }]);
  }
  opened.driver.close();
}

async function reopen(file: string, driver: DriverName) {
  const opened = await openDatabase(file, { driver });
  const keys = [...new Reader(opened.driver).entries("t").keys()];
  opened.driver.close();
  return { keys, quarantine: opened.quarantine };
}

const KEYS = Array.from({ length: 60 }, (_, index) => `key-${10 + index}`);

function damagePage(file: string): void {
  const bytes = readFileSync(file);
  // Not the header: the inner pages, so that only a look at all of it finds the damage.
  bytes.fill(0x5a, 4096 * 5, 4096 * 7);
  writeFileSync(file, bytes);
}

describe.each(DRIVER_NAMES)("opening a database on %s", (driver) => {
  test("a sound one is opened as it is, readable by its owner alone", async () => {
    using place = temporaryFolder();
    await live(place.file, driver, ["a", "b"], true);
    expect(await reopen(place.file, driver)).toEqual({ keys: ["a", "b"], quarantine: undefined });
    expect(readdirSync(place.folder).sort()).toEqual(["tram.db", "tram.db.snapshot"]);
    for (const name of readdirSync(place.folder)) {
      expect(statSync(`${place.folder}/${name}`).mode & 0o777).toBe(0o600);
    }
  });

  test("one that is no database is moved aside; without a snapshot it begins empty", async () => {
    using place = temporaryFolder();
    writeFileSync(place.file, "this is not a database ".repeat(500));
    const { keys, quarantine } = await reopen(place.file, driver);
    expect(keys).toEqual([]);
    expect(quarantine).toEqual({
      quarantined: `${place.file}.corrupt-1`,
      restored: false,
      problem: expect.stringContaining("not a database"),
    });
    expect(readFileSync(`${place.file}.corrupt-1`, "utf8")).toMatch(/^this is not/);
  });

  test("one that is moved aside takes its log along", () => {
    using place = temporaryFolder();
    for (const suffix of ["", "-wal", "-shm"]) writeFileSync(`${place.file}${suffix}`, `damage${suffix}`);
    quarantine(place.file, "found damaged", () => false);
    expect(readdirSync(place.folder).sort()).toEqual([
      "tram.db.corrupt-1",
      "tram.db.corrupt-1-shm",
      "tram.db.corrupt-1-wal",
    ]);
    expect(readFileSync(`${place.file}.corrupt-1-wal`, "utf8")).toBe("damage-wal");
  });

  test("one with a damaged page is moved aside, and the snapshot takes its place", async () => {
    using place = temporaryFolder();
    await live(place.file, driver, KEYS, true);
    damagePage(place.file);
    const { keys, quarantine } = await reopen(place.file, driver);
    expect(quarantine).toMatchObject({ quarantined: `${place.file}.corrupt-1`, restored: true });
    expect(keys).toEqual(KEYS.slice(0, -1));
    expect((await reopen(place.file, driver)).quarantine).toBeUndefined();
    expect(existsSync(`${place.file}.snapshot`), "the snapshot stays for the next time").toBe(true);
  });

  test("a snapshot that is damaged too is not used", async () => {
    using place = temporaryFolder();
    await live(place.file, driver, KEYS, true);
    damagePage(place.file);
    damagePage(`${place.file}.snapshot`);
    const { keys, quarantine } = await reopen(place.file, driver);
    expect(quarantine).toMatchObject({ restored: false });
    expect(keys).toEqual([]);
    expect(existsSync(`${place.file}.restoring`)).toBe(false);
  });

  test("a file that lost its content is not taken for a new database", async () => {
    using place = temporaryFolder();
    await live(place.file, driver, ["a", "b"], true);
    writeFileSync(place.file, "");
    expect(await reopen(place.file, driver)).toMatchObject({ keys: ["a"], quarantine: { restored: true } });
  });

  test("only the newest three that were moved aside are kept", async () => {
    using place = temporaryFolder();
    for (let round = 0; round < 5; round++) {
      writeFileSync(place.file, `damage number ${round} `.repeat(500));
      writeFileSync(`${place.file}-shm`, "");
      await reopen(place.file, driver);
    }
    const kept = readdirSync(place.folder).filter((name) => /corrupt-\d+$/.test(name));
    expect(kept.sort()).toEqual(["tram.db.corrupt-3", "tram.db.corrupt-4", "tram.db.corrupt-5"]);
    expect(readdirSync(place.folder).filter((name) => /corrupt-[12]-/.test(name))).toEqual([]);
  });

  test("a power cut in the middle of a restore does not lose the snapshot's content", async () => {
    using place = temporaryFolder();
    const { driver: sql } = await openDatabase(place.file, { driver });
    const committer = new Committer(sql, () => false);
    const write = (key: string) => committer.write([{ op: "put", table: "t", key, text: "1" }]);
    write("a");
    takeSnapshot(sql, place.file);
    write("b");
    const log = readFileSync(`${place.file}-wal`);
    sql.close();
    copyFileSync(`${place.file}.snapshot`, `${place.file}.restoring`);
    renameSync(place.file, `${place.file}.corrupt-1`);
    // It fits no other database, and SQLite would play it in.
    writeFileSync(`${place.file}-wal`, log);
    expect(await reopen(place.file, driver)).toEqual({ keys: ["a"], quarantine: undefined });
  });

  test("one of a newer program is refused and not touched", async () => {
    using place = temporaryFolder();
    await live(place.file, driver, ["a"], true);
    const { driver: sql } = await openDatabase(place.file, { driver });
    sql.exec("UPDATE meta SET value = '7' WHERE key = 'schema_version'");
    sql.close();
    const before = readFileSync(place.file);
    await expect(openDatabase(place.file, { driver })).rejects.toMatchObject({ code: "newer-schema" });
    expect(readFileSync(place.file).equals(before)).toBe(true);
    expect(readdirSync(place.folder).sort()).toEqual(["tram.db", "tram.db.snapshot"]);
  });

  test("a folder that is not there is an error that names the file", async () => {
    using place = temporaryFolder();
    await expect(openDatabase(`${place.folder}/nowhere/tram.db`, { driver })).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("nowhere/tram.db"),
    });
  });
});
