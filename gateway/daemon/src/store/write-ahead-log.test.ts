import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DailyWrites, totalOf } from "../write-meter/daily-writes.ts";
import { openDatabase } from "./database.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { StoreMeter, sharesOf } from "./store-meter.ts";
import { WorkingDatabase } from "./working-database.ts";

const OWN_IO = "/proc/thread-self/io";

/** What this thread has sent to storage, in bytes: whole pages, the kernel's own count. */
function written(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(OWN_IO, "utf8"))?.[1]);
}

/** Not on every file system: what is written in memory alone is none, and some count nothing. */
function kernelCounts(): boolean {
  using place = temporaryFolder();
  if (!existsSync(OWN_IO)) return false;
  const before = written();
  writeFileSync(join(place.folder, "probe"), "x");
  return written() > before;
}

// The kernel that counts is not the router's: OpenWrt builds it without. So SQLite is counted by what its log says, and
// here it is compared with what the kernel saw.
test.runIf(kernelCounts())("what is counted is what the kernel saw", async () => {
  using place = temporaryFolder();
  const meter = new DailyWrites({ clock: { now: () => 0 } }, { budgetBytes: 1, capBytes: 1 });
  const connect = await loadSqlDriver();
  const { driver } = await openDatabase(place.file);
  const database = new WorkingDatabase(driver, place.file, connect, meter);
  const begin = written();
  let [counted, seen, moves] = [0, 0, 0];
  for (let round = 0; round < 300; round++) {
    const [before, kernel] = [totalOf(meter.sinceStart), written()];
    const failure = database.write([
      { op: "put", table: "t", key: String(round % 40), text: "v".repeat(10 + ((round * 7) % 900)) },
      { op: "append", log: "audit", seq: round + 1, text: "a".repeat(200) },
    ]);
    expect(failure).toBeUndefined();
    counted += totalOf(meter.sinceStart) - before;
    seen += written() - kernel;
    // Some transactions share a sync.
    if (round % 3 === 0) await database.sync();
    const moved = totalOf(meter.sinceStart);
    await database.checkpoint(60);
    if (totalOf(meter.sinceStart) > moved) moves++;
  }
  expect(moves).toBeGreaterThan(5);
  // Of the index of the log (`-shm`) the kernel sees a page now and then.
  expect(seen - counted).toBeGreaterThanOrEqual(0);
  expect(seen - counted).toBeLessThan(0.1 * seen);
  expect(meter.sinceStart.audit).toBeGreaterThan(100_000);
  // With what was moved into the database.
  await database.close();
  const ratio = totalOf(meter.sinceStart) / (written() - begin);
  expect(ratio).toBeGreaterThan(0.95);
  expect(ratio).toBeLessThan(1.02);
});

test("a log that a crash has left is counted when it is moved", async () => {
  using place = temporaryFolder();
  const connect = await loadSqlDriver();
  const crashed = new WorkingDatabase((await openDatabase(place.file)).driver, place.file, connect);
  crashed.write([{ op: "put", table: "t", key: "a", text: "x".repeat(9_000) }]);
  const meter = new DailyWrites({ clock: { now: () => 0 } }, { budgetBytes: 1, capBytes: 1 });
  const second = new WorkingDatabase(connect(place.file), place.file, connect, meter);
  expect(meter.sinceStart.state).toBeGreaterThanOrEqual(3 * 4_096);
  await second.close();
  await crashed.close();
});

test("pages are divided by the length of what each gave", () => {
  const operations = [
    { op: "put", table: "things", key: "a", text: "x".repeat(93) },
    { op: "append", log: "audit", seq: 1, text: "x".repeat(44) },
    { op: "append", log: "outbox-up", seq: 1, text: "x".repeat(40) },
  ] as const;
  expect(Object.fromEntries(sharesOf(operations))).toEqual({ audit: 0.25, outbox: 0.25 });
  const meter = new DailyWrites({ clock: { now: () => 0 } }, { budgetBytes: 1, capBytes: 1 });
  const store = new StoreMeter(meter);
  store.of(sharesOf(operations), () => store.wrote(1_001));
  store.wrote(5);
  expect(meter.sinceStart).toEqual({ audit: 250, outbox: 250, state: 506 });
});
