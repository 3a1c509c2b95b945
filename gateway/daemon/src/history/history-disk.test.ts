import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { loadSqlDriver } from "../store/open-sql-driver.ts";
import { RecordingHouse } from "./fixtures/recording-house.ts";
import { queryHistory } from "./history-query.ts";
import { DAY, MINUTE, RAW } from "./tiers.ts";

const T = "kitchen";
const P = "air/temperature";

/** A history with something in it, closed in order. */
async function written(file: string, count = 200): Promise<void> {
  await using house = await RecordingHouse.open({ file });
  for (let index = 0; index < count; index++) {
    house.report(T, P, index);
    await house.clock.advance(60_000);
  }
  await house.history.flush();
  await house.history.fold();
}

describe("a history whose file is not what it should be", () => {
  test.each([
    ["garbage", (file: string) => writeFileSync(file, "this is no database, and never was one ".repeat(200))],
    ["a head without a body", (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 4_096))],
  ])("%s: moved aside, and it begins anew", async (_name, damage) => {
    using place = temporaryFolder();
    const file = join(place.folder, "history.db");
    await written(file);
    damage(file);
    await using house = await RecordingHouse.open({ file });
    house.report(T, P, 7);
    await house.history.flush();
    await house.history.fold();
    expect((await house.raw(T, P)).values).toEqual([7]);
    expect(house.history.health.kept).toBe(true);
    expect(house.history.problems).toMatchObject([
      { code: "history", problem: expect.stringMatching(/moved to .*corrupt-1/) },
    ]);
    expect(readdirSync(place.folder)).toContain("history.db.corrupt-1");
  });

  test("pages that say something else: the gateway lives, and nothing wrong is told", async () => {
    using place = temporaryFolder();
    const file = join(place.folder, "history.db");
    const whole = join(place.folder, "whole.db");
    await written(whole, 2_000);
    const sound = readFileSync(whole);
    const pages = sound.length / 4_096;
    for (let page = 1; page < pages; page += 1) {
      const bytes = Buffer.from(sound);
      bytes.fill(0x5a, page * 4_096 + 200, page * 4_096 + 1_200);
      for (const part of ["", "-wal", "-shm"]) rmSync(`${file}${part}`, { force: true });
      writeFileSync(file, bytes);
      await using house = await RecordingHouse.open({ file });
      house.report(T, P, -1);
      try {
        const run = await house.raw(T, P);
        for (const value of run.values)
          expect(Number.isInteger(value) && value < 2_000, `page ${page}`).toBe(true);
      } catch (error) {
        house.history.noteFailure(error);
      }
      await house.history.flush();
      await house.history.fold();
      expect(house.history.health.kept, `page ${page}`).toBe(true);
      expect((await house.raw(T, P)).values, `page ${page}`).toContain(-1);
    }
  }, 60_000);

  test("where it cannot be, memory goes on; when it can be again, what memory has is written", async () => {
    using place = temporaryFolder();
    const file = join(place.folder, "sub", "history.db");
    writeFileSync(join(place.folder, "sub"), "a file where a folder should be");
    await using house = await RecordingHouse.open({ file });
    house.report(T, P, 1);
    await house.history.flush();
    expect(house.history.health).toMatchObject({ kept: false, waiting: 1 });
    expect(house.history.problems).toMatchObject([
      { code: "history", problem: expect.stringMatching(/memory alone/) },
    ]);
    expect((await house.raw(T, P)).values).toEqual([1]);
    rmSync(join(place.folder, "sub"));
    await house.clock.advance(60_000);
    house.report(T, P, 2);
    await house.history.flush();
    expect(house.history.health).toMatchObject({ kept: true, waiting: 0 });
    expect(house.history.problems).toEqual([]);
    expect((await house.raw(T, P)).values).toEqual([1, 2]);
    expect(house.logged).toEqual(["the history cannot be written", "the history is written again"]);
  });

  test("one of a newer program is not touched", async () => {
    using place = temporaryFolder();
    const file = join(place.folder, "history.db");
    await written(file, 3);
    const driver = (await loadSqlDriver())(file);
    driver.exec("UPDATE meta SET value = '99' WHERE key = 'schema_version'");
    driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    driver.close();
    const before = readFileSync(file);
    await using house = await RecordingHouse.open({ file });
    house.report(T, P, 1);
    await house.history.flush();
    expect(house.history.problems[0]?.problem).toMatch(/schema 99/);
    expect((await house.raw(T, P)).values).toEqual([1]);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("a disk that takes nothing costs the oldest in memory, and says so", async () => {
    using place = temporaryFolder();
    const file = join(place.folder, "nowhere", "history.db");
    writeFileSync(join(place.folder, "nowhere"), "");
    await using house = await RecordingHouse.open({ file, limits: { entries: 100, properties: 10 } });
    for (let index = 0; index < 1_000; index++) house.report(T, P, index);
    for (let index = 0; index < 30; index++) house.report(T, `p/${index}`, index);
    expect(house.history.health.waiting).toBeLessThanOrEqual(100);
    expect(house.history.health.dropped).toBeGreaterThan(800);
    const run = await house.raw(T, P);
    expect(run.values.at(-1)).toBe(999);
    expect(Number.isNaN(run.values[0])).toBe(true);
  });
});

test("the file never grows beyond its size: the oldest goes first, and the answer says from when on it knows", async () => {
  using place = temporaryFolder();
  const file = join(place.folder, "history.db");
  const sizeBytes = 150 * 4_096;
  await using house = await RecordingHouse.open({ file, sizeBytes, windowMs: 1e12 });
  for (let hour = 0; hour < 60; hour++) {
    for (let minute = 0; minute < 60; minute += 2) {
      // Nothing that packs well.
      for (let device = 0; device < 20; device++)
        house.report(`thing-${device}`, P, Math.sin(hour * 61 + minute + device));
      await house.clock.advance(120_000);
    }
    await house.history.flush();
    if (hour % 3 === 2) await house.history.fold();
  }
  await house.history.flush();
  expect(house.history.health).toMatchObject({ kept: true, dropped: 0 });
  expect(house.history.health.bytes).toBeLessThanOrEqual(sizeBytes);
  expect(readFileSync(file).length).toBeLessThanOrEqual(sizeBytes);
  const run = await house.raw("thing-0", P);
  expect(run.times.length).toBeGreaterThan(100);
  expect(run.times.length).toBeLessThan(1_800);
  expect(house.history.goesBackTo(RAW, "thing-0", P)).toBeGreaterThan(0);
  const days = await house.buckets("thing-0", P, DAY);
  expect(days.list.reduce((sum, { count }) => sum + count, 0)).toBe(1_800);
  expect(house.history.goesBackTo(DAY, "thing-0", P)).toBe(0);
}, 60_000);

test("policies drop what is too old, and only that", async () => {
  using place = temporaryFolder();
  const { policies } = await import("./policy.ts");
  const none = { properties: ["*"], record: true, always: false };
  const policyFor = policies([
    { ...none, things: ["short"], rawDays: 1, days: 2 },
    { ...none, things: ["tiers"], rawDays: 1, days: undefined },
  ]);
  await using house = await RecordingHouse.open(
    { file: join(place.folder, "history.db"), windowMs: 1e12 },
    { policyFor },
  );
  const things = ["short", "tiers", "long"];
  for (let hour = 0; hour < 24 * 5; hour++) {
    for (const thing of things) house.report(thing, P, hour);
    await house.clock.advance(3_600_000);
    if (hour % 6 === 5) {
      await house.history.flush();
      await house.history.fold();
    }
  }
  const counts = await Promise.all(
    things.map(async (thing) => [
      (await house.raw(thing, P)).times.length,
      (await house.buckets(thing, P, MINUTE)).list.length,
    ]),
  );
  expect(counts[2]).toEqual([120, 120]);
  expect(counts[1]?.[0]).toBeLessThan(60);
  expect(counts[1]?.[1]).toBe(120);
  expect(counts[0]?.[1]).toBeLessThan(80);
});

test("an answer is one of one moment, whatever is folded meanwhile", async () => {
  using place = temporaryFolder();
  await using house = await RecordingHouse.open({ file: join(place.folder, "history.db"), turnMs: 0 });
  for (let hour = 0; hour < 100; hour++) {
    for (let part = 0; part < 40; part++) house.report(T, `p/${part}`, hour);
    await house.clock.advance(3_600_000);
    await house.history.flush();
    if (hour === 90) await house.history.fold();
  }
  using cut = house.history.cut(T, "p/0");
  const query = { thing: T, property: "p/0", from: 0, to: house.clock.now() + 1, tier: RAW, points: 500 };
  const answer = queryHistory(cut, query);
  const folding = house.history.fold();
  expect((await answer).points.map(({ value }) => value)).toEqual(
    Array.from({ length: 100 }, (_, hour) => hour),
  );
  await folding;
  expect(existsSync(join(place.folder, "history.db"))).toBe(true);
});
