import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildShimInto } from "./fixtures/build-shim.ts";
import { bundleInto } from "./fixtures/bundle.ts";
import { ChildStore } from "./fixtures/child-store.ts";
import { type DiskFile, LOSSES, readTape, TornDisk } from "./fixtures/disk-tape.ts";
import { seeded } from "./fixtures/seeded.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const BATCHES = 160;
const KEYS = 12;
const PADDING_BYTES = 6_000;

// `kill -9` proves nothing about power: the kernel keeps what was written. So everything that a real process does to its
// disk is recorded, and the database opened as a power cut at each moment could have left it.
describe.runIf(process.platform === "linux")("a power cut", () => {
  const tools = temporaryFolder();
  let shim = "";
  let program = "";
  beforeAll(async () => {
    program = (await bundleInto(tools.folder)).child;
    shim = buildShimInto(tools.folder);
  });
  afterAll(() => tools[Symbol.dispose]());

  test.each([
    ["loses nothing that was promised to survive it, and no half of anything", false],
    ["loses nothing at all under `strict`", true],
  ])(
    "%s",
    async (_name, strict) => {
      using place = temporaryFolder();
      // The journal is in memory, which a power cut empties.
      const env = {
        LD_PRELOAD: shim,
        SHIM_TAPE: join(place.folder, "tape"),
        JOURNAL_FOLDER: tools.folder,
        CHECKPOINT_PAGES: "60",
      };
      await using child = new ChildStore(program, place.file, { env, syncWindowMs: 30, strict });
      await child.line(/^open$/);
      const start = new Map<DiskFile, Buffer>([["", readFileSync(place.file)]]);
      const before = readTape(env.SHIM_TAPE).length;
      child.send(`march ${BATCHES} ${KEYS} ${PADDING_BYTES}`);
      await child.until((lines) => lines.filter((line) => line.startsWith("kept ")).length === BATCHES);
      await child.kill();
      const events = readTape(env.SHIM_TAPE).slice(before);
      const moved = events.filter((event) => event.kind === "sync-ends" && event.file === "");
      expect(moved.length, "times that the log was moved into the database").toBeGreaterThan(1);

      const disk = new TornDisk(start);
      const random = seeded(7);
      const promised = new Set<number>();
      let movedAt = 0;
      for (const [index, event] of events.entries()) {
        disk.play(event);
        const kept = event.kind === "said" ? Number(/^kept (\d+)/.exec(event.text)?.[1]) : Number.NaN;
        if (strict || kept % 5 === 0) promised.add(kept);
        promised.delete(Number.NaN);
        if (event.kind === "sync-ends" && event.file === "") movedAt = index;
        const fresh = index <= movedAt + 40;
        // Writes come in runs, and two of the same run differ less; but each counts where the log begins anew.
        if (event.kind === "write" && index % 5 !== 0 && !fresh) continue;
        for (const loss of fresh ? ([...LOSSES, "the oldest", "the oldest"] as const) : LOSSES) {
          const where = `event ${index} (${event.kind}), lost of what was not synced: ${loss}`;
          await inspect(place.folder, disk.cut(loss, random), promised, where);
        }
      }
      expect(promised.size).toBe(strict ? BATCHES : BATCHES / 5);
    },
    180_000,
  );
});

async function inspect(
  folder: string,
  files: ReadonlyMap<DiskFile, Buffer>,
  promised: ReadonlySet<number>,
  where: string,
): Promise<void> {
  const cut = join(folder, "cut");
  rmSync(cut, { recursive: true, force: true });
  mkdirSync(cut);
  const file = join(cut, "tram.db");
  for (const [part, bytes] of files) writeFileSync(`${file}${part}`, bytes);
  const store = await openSqliteStore(file);
  const [entries, rows] = [
    await store.entries("kept"),
    await store.rows("kept", { after: 0, limit: 100_000 }),
  ];
  await store.close();
  expect(store.quarantine, where).toBeUndefined();
  const there = new Set(rows.map(({ seq }) => seq));
  expect(
    [...promised].filter((number) => !there.has(number)),
    `${where}: lost`,
  ).toEqual([]);
  // A batch is its row and its entry, unless a later one wrote the same key.
  const latest = new Map([...entries].map(([key, value]) => [key, Number(String(value).split(" ")[0])]));
  for (const number of latest.values()) expect(there.has(number), `${where}: half of ${number}`).toBe(true);
  for (const number of there) {
    expect(latest.get(String(number % KEYS)), `${where}: half of ${number}`).toBeGreaterThanOrEqual(number);
  }
}
