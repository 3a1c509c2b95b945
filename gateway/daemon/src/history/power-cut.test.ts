import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildShimInto } from "../store/fixtures/build-shim.ts";
import { bundlePrograms } from "../store/fixtures/bundle.ts";
import { ChildStore } from "../store/fixtures/child-store.ts";
import { type DiskFile, LOSSES, readTape, TornDisk } from "../store/fixtures/disk-tape.ts";
import { seeded } from "../store/fixtures/seeded.ts";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { foldRun } from "./buckets.ts";
import { RecordingHouse } from "./fixtures/recording-house.ts";
import { DAY, MINUTE, QUARTER } from "./tiers.ts";

const WINDOWS = 40;

describe.runIf(process.platform === "linux")("a power cut", () => {
  const tools = temporaryFolder();
  let shim = "";
  let program = "";
  beforeAll(async () => {
    program = join(tools.folder, "history-child.js");
    await bundlePrograms(tools.folder, {
      "history-child": new URL("./fixtures/history-child.ts", import.meta.url),
    });
    shim = buildShimInto(tools.folder);
  });
  afterAll(() => tools[Symbol.dispose]());

  test("loses no window that was written, and no tier counts anything twice", async () => {
    using place = temporaryFolder();
    // The shim records files of this name.
    const file = join(place.folder, "history-of-tram.db");
    const env = { LD_PRELOAD: shim, SHIM_TAPE: join(place.folder, "tape") };
    await using child = new ChildStore(program, file, { env });
    await child.line(/^open$/);
    const start = new Map<DiskFile, Buffer>([["", readFileSync(file)]]);
    const wal = readFileSync(`${file}-wal`);
    start.set("-wal", wal);
    const before = readTape(env.SHIM_TAPE).length;
    child.send(`march ${WINDOWS}`);
    await child.line(/^done$/);
    await child.kill();
    const events = readTape(env.SHIM_TAPE).slice(before);
    const moved = events.filter((event) => event.kind === "sync-ends" && event.file === "");
    expect(moved.length, "times that the log was moved into the database").toBeGreaterThan(2);

    const disk = new TornDisk(start);
    const random = seeded(11);
    let promised = 0;
    let cuts = 0;
    for (const [index, event] of events.entries()) {
      disk.play(event);
      if (event.kind === "said") promised = Number(/^kept (\d+)/.exec(event.text)?.[1] ?? promised);
      if (event.kind === "write" && index % 9 !== 0) continue;
      const losses = event.kind === "sync-begins" ? LOSSES : [LOSSES[index % LOSSES.length] ?? "all"];
      for (const loss of losses) {
        const where = `event ${index} (${event.kind}), lost of what was not synced: ${loss}`;
        await inspect(place.folder, disk.cut(loss, random), promised, where);
        cuts++;
      }
    }
    expect(promised).toBe(WINDOWS);
    expect(cuts).toBeGreaterThan(300);
  }, 180_000);
});

async function inspect(
  folder: string,
  files: ReadonlyMap<DiskFile, Buffer>,
  promised: number,
  where: string,
): Promise<void> {
  const cut = join(folder, "cut");
  rmSync(cut, { recursive: true, force: true });
  mkdirSync(cut);
  const file = join(cut, "history-of-tram.db");
  for (const [part, bytes] of files) writeFileSync(`${file}${part}`, bytes);
  await using house = await RecordingHouse.open({ file, windowMs: 1e12 });
  expect(house.history.problems, where).toEqual([]);
  for (const property of ["p/0", "p/19"]) {
    const run = await house.raw("t", property);
    const values = run.values.slice(0, promised);
    expect(values, where).toEqual(Array.from({ length: promised }, (_, index) => index + 1));
    expect(run.values.length - promised, where).toBeLessThanOrEqual(1);
    for (const tier of [MINUTE, QUARTER, DAY]) {
      const { list } = await house.buckets("t", property, tier);
      const plain = (buckets: typeof list) => buckets.map(({ lastAt: _a, ...rest }) => rest);
      expect(plain(list), where).toEqual(plain(foldRun(run, tier.widthMs).list));
    }
  }
}
