import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import type { JournalSettings } from "./event-journal.ts";
import { journalHouse, LEVEL, line, tank, VALVE } from "./testing/journal-house.ts";

const WINDOW_MS = 60_000;
const MB = 1_048_576;

class Meter implements FeatureMeter {
  bytes = 0;
  writes = 0;
  verdict: FeatureMeter["verdict"] = "ok";

  wrote(bytes: number): void {
    this.bytes += bytes;
    this.writes++;
  }
}

type Parts = NonNullable<Parameters<typeof journalHouse>[0]>;

async function onDisk(
  folder: string,
  parts: Omit<Parts, "settings"> = {},
  more: Partial<JournalSettings> = {},
) {
  const house = journalHouse({
    ...parts,
    settings: { folder: join(folder, "events"), diskBytes: 8 * MB, ...more },
  });
  house.start();
  await house.journal.written();
  return house;
}

/** The files of the journal with their bytes. */
function files(folder: string): { name: string; bytes: number }[] {
  const events = join(folder, "events");
  return readdirSync(events)
    .sort()
    .map((name) => ({ name, bytes: statSync(join(events, name)).size }));
}

async function window(house: Awaited<ReturnType<typeof onDisk>>): Promise<void> {
  await house.clock.advance(WINDOW_MS);
  await house.journal.written();
}

describe("on the disk", () => {
  test("events survive the process, and are read together with those of the next one", async () => {
    using place = temporaryFolder();
    const first = await onDisk(place.folder);
    await first.announce(tank("north"));
    await first.report("north", LEVEL, 1);
    await first.journal[Symbol.asyncDispose]();
    const clock = new VirtualClock({ bootId: "boot-2", wall: first.clock.now() + 3_600_000 });
    const second = journalHouse({
      clock,
      store: first.store,
      settings: { folder: join(place.folder, "events"), diskBytes: 8 * MB },
    });
    await second.registry.restore(first.store);
    second.start();
    await second.report("north", LEVEL, 2);
    const events = await second.read({ known: true });
    expect(events.map(line)).toEqual([
      "start",
      "thing north init",
      "reading north/tank/level 1 good",
      "start",
      "known-thing north unknown",
      "known-reading north/tank/level 1 stale",
      "north unknown → ready",
      "reading north/tank/level 2 good",
    ]);
    expect(events.map(({ at }) => at.bootId)).toEqual([
      ...Array(3).fill("boot-1"),
      ...Array(5).fill("boot-2"),
    ]);
    const state = await second.journal.state();
    expect(state.from).toBe(first.clock.now());
    expect(state.completeFrom).toBe(clock.now());
    await second.journal[Symbol.asyncDispose]();
    const { mode } = statSync(join(place.folder, "events"));
    expect(mode & 0o077).toBe(0);
  });

  test("what was known in an earlier run is not known after a new start", async () => {
    using place = temporaryFolder();
    const first = journalHouse({ settings: { folder: join(place.folder, "events"), diskBytes: 8 * MB } });
    await first.announce(tank("old"));
    first.start();
    await first.announce(tank("north"));
    await first.retire("old");
    await first.journal[Symbol.asyncDispose]();
    const second = journalHouse({
      store: first.store,
      settings: { folder: join(place.folder, "events"), diskBytes: 8 * MB },
    });
    await second.registry.restore(first.store);
    second.start();
    await second.announce(tank("south"));
    expect((await second.read({ known: true })).map(line)).toEqual([
      "start",
      "known-thing old init",
      "thing north init",
      "retired old",
      "start",
      "known-thing north unknown",
      "thing south init",
    ]);
    await second.journal[Symbol.asyncDispose]();
  });

  test("one write for each window in which something happened, and none otherwise", async () => {
    using place = temporaryFolder();
    const meter = new Meter();
    const house = await onDisk(place.folder, { meter });
    await house.announce(tank("north"));
    await window(house);
    const before = meter.writes;
    for (let count = 0; count < 50; count++) await house.report("north", LEVEL, count);
    await window(house);
    await window(house);
    await window(house);
    expect(meter.writes).toBe(before + 1);
    expect(meter.bytes % 4_096).toBe(0);
    await house.journal[Symbol.asyncDispose]();
  });

  test("the meter makes windows longer", async () => {
    using place = temporaryFolder();
    const meter = new Meter();
    const house = await onDisk(place.folder, { meter });
    meter.verdict = "batch-longer";
    await house.announce(tank("north"));
    for (let count = 0; count < 10; count++) {
      await house.report("north", LEVEL, count);
      await window(house);
    }
    expect(meter.writes).toBe(2);
    await house.journal[Symbol.asyncDispose]();
  });

  test("thinned, readings stay away from the disk and commands do not; the memory has all", async () => {
    using place = temporaryFolder();
    const meter = new Meter();
    const house = await onDisk(place.folder, { meter });
    await house.announce(tank("north"));
    meter.verdict = "thin";
    for (let count = 0; count < 5; count++) {
      await house.clock.advance(1_000);
      await house.report("north", LEVEL, count);
    }
    await house.command("north", VALVE, true);
    await house.become("north", "lost");
    const all = await house.read();
    expect(all.filter(({ kind }) => kind === "reading")).toHaveLength(6);
    expect(all.some(({ kind }) => kind === "gap")).toBe(false);
    const { thinned, completeFrom, from } = await house.journal.state();
    expect(thinned).toBe(8);
    // The memory is complete all the same.
    expect(completeFrom).toBe(from);
    await house.journal[Symbol.asyncDispose]();

    const next = await onDisk(place.folder);
    expect((await next.read()).map(line)).toEqual([
      "start",
      "thing north init",
      "gap 5",
      "command command-1 accepted",
      "gap 1",
      "command command-1 confirmed",
      "north init → lost",
      "start",
    ]);
    await next.journal[Symbol.asyncDispose]();
  });

  test("the quota is kept, the oldest segments go, and what is left can be read alone", async () => {
    using place = temporaryFolder();
    const house = await onDisk(place.folder, {}, { diskBytes: MB });
    await house.announce(tank("north"));
    let noise = 1;
    let most = 0;
    for (let round = 0; round < 80; round++) {
      for (let count = 0; count < 8_000; count++) {
        noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
        const { clock } = house;
        const unit = { after: () => {} };
        house.bus.emit(
          "reading",
          {
            reading: {
              thing: "north" as never,
              property: LEVEL,
              value: noise,
              quality: "good",
              time: clock.now(),
              receivedAt: clock.now(),
              origin: "device",
            },
            previous: undefined,
          },
          unit as never,
        );
      }
      await window(house);
      most = Math.max(
        most,
        files(place.folder).reduce((sum, { bytes }) => sum + Math.ceil(bytes / 4_096) * 4_096, 0),
      );
    }
    expect(most).toBeLessThanOrEqual(MB);
    expect(most).toBeGreaterThan(0.8 * MB);
    await house.journal[Symbol.asyncDispose]();
    const next = await onDisk(place.folder, {}, { diskBytes: MB });
    const events = await next.read({ known: true });
    expect(line(events[0] as (typeof events)[number])).toBe("known-thing north init");
    const numbers = events.filter(({ kind }) => kind === "reading").map(({ seq }) => seq);
    expect(numbers.length).toBeGreaterThan(100_000);
    expect(numbers.at(-1)).toBe((numbers[0] ?? 0) + numbers.length - 1);
    await next.journal[Symbol.asyncDispose]();
  });

  test("segments that are too old go at the next one", async () => {
    using place = temporaryFolder();
    const store = new MemoryStore();
    const first = await onDisk(place.folder, { store }, { keepMs: 3_600_000 });
    await first.announce(tank("north"));
    await first.journal[Symbol.asyncDispose]();
    const wall = first.clock.now();
    const soon = await onDisk(place.folder, {
      clock: new VirtualClock({ bootId: "two", wall: wall + 1_000_000 }),
    });
    await soon.journal[Symbol.asyncDispose]();
    expect(files(place.folder)).toHaveLength(2);
    const clock = new VirtualClock({ bootId: "three", wall: wall + 3_700_000, trust: "untrusted" });
    const nobodyKnows = await onDisk(place.folder, { clock }, { keepMs: 3_600_000 });
    await nobodyKnows.journal[Symbol.asyncDispose]();
    expect(files(place.folder)).toHaveLength(3);
    const late = new VirtualClock({ bootId: "four", wall: wall + 3_700_000 });
    const last = await onDisk(place.folder, { clock: late }, { keepMs: 3_600_000 });
    await last.journal[Symbol.asyncDispose]();
    expect(files(place.folder).map(({ name }) => name)).not.toContain("00000001.seg");
  });
});

describe("a disk that fails", () => {
  test("is told, stops nothing, and is used again with a new segment once it can be", async () => {
    using place = temporaryFolder();
    const house = await onDisk(place.folder);
    await house.announce(tank("north"));
    await window(house);
    // The folder is replaced by a file: no new segment can be made, as on a broken file system.
    rmSync(join(place.folder, "events"), { recursive: true });
    writeFileSync(join(place.folder, "events"), "");
    await house.clock.advance(7 * 3_600_000);
    await house.journal.written();
    await house.report("north", LEVEL, 1);
    await window(house);
    expect(house.journal.failure).toMatch(/ENOTDIR|EEXIST/);
    expect(house.health).toHaveLength(1);
    const state = await house.journal.state();
    expect(state.missed).toBeGreaterThan(0);
    expect((await house.read()).map(line)).toEqual([
      "start",
      "thing north init",
      "reading north/tank/level 1 good",
    ]);
    rmSync(join(place.folder, "events"));
    await window(house);
    expect(house.journal.failure).toBeUndefined();
    expect(house.health).toEqual([expect.any(String), undefined]);
    await house.report("north", LEVEL, 2);
    await house.journal[Symbol.asyncDispose]();
    const next = await onDisk(place.folder);
    expect((await next.read({ known: true })).map(line)).toEqual([
      "known-thing north init",
      "known-reading north/tank/level 1 good",
      "reading north/tank/level 2 good",
      "start",
    ]);
    await next.journal[Symbol.asyncDispose]();
  });

  test("from the start leaves the memory", async () => {
    using place = temporaryFolder();
    writeFileSync(join(place.folder, "events"), "no folder");
    const house = await onDisk(place.folder);
    expect(house.journal.failure).toBeDefined();
    await house.announce(tank("north"));
    expect(await house.read()).toHaveLength(2);
    await house.journal[Symbol.asyncDispose]();
  });

  test("segments that are damaged, foreign, unreadable or empty are stepped over, and counted", async () => {
    using place = temporaryFolder();
    const store = new MemoryStore();
    for (const value of [1, 2]) {
      const house = await onDisk(place.folder, { store });
      await house.registry.restore(store);
      await house.announce(tank("north"));
      await house.report("north", LEVEL, value);
      await house.journal[Symbol.asyncDispose]();
    }
    const events = join(place.folder, "events");
    appendFileSync(join(events, "00000001.seg"), "a torn end");
    const content = readFileSync(join(events, "00000002.seg"));
    content[content.length - 3] = (content[content.length - 3] as number) ^ 1;
    writeFileSync(join(events, "00000002.seg"), content);
    writeFileSync(join(events, "00000003.seg"), "");
    writeFileSync(join(events, "00000004.seg"), Buffer.alloc(10_000, 7));
    mkdirSync(join(events, "00000005.seg"));
    writeFileSync(join(events, "readme.txt"), "not a segment");
    chmodSync(join(events, "readme.txt"), 0);
    const house = await onDisk(place.folder);
    expect(files(place.folder).map(({ name }) => name)).toContain("00000006.seg");
    const readings = (await house.read({ kinds: new Set(["reading"]) })).map(line);
    expect(readings).toEqual(["reading north/tank/level 1 good"]);
    expect((await house.journal.state()).damaged).toBeGreaterThanOrEqual(3);
    await house.journal[Symbol.asyncDispose]();
  });
});
