import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { buildShimInto } from "./fixtures/build-shim.ts";
import { bundleInto } from "./fixtures/bundle.ts";
import { ChildStore } from "./fixtures/child-store.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

/** What fails: writes to database and log, syncs, the journal, writes to the database alone. */
type Broken = "" | ".sync" | ".journal" | ".moves";

// A library loaded before the C library sees each sync of a real process, and can break its disk.
describe.runIf(process.platform === "linux")("the disk under the store", () => {
  const tools = temporaryFolder();
  let shim = "";

  let program = "";

  beforeAll(async () => {
    program = (await bundleInto(tools.folder)).child;
    shim = buildShimInto(tools.folder);
  });
  afterAll(() => tools[Symbol.dispose]());

  function watched(folder: string) {
    const log = join(folder, "disk.log");
    const fault = join(folder, "disk.fault");
    return {
      env: { LD_PRELOAD: shim, SHIM_LOG: log, SHIM_FAULT: fault },
      /** Makes writes to the database fail, or its syncs, or the journal. */
      break: (errno: number, what: Broken = "", room = 0) =>
        writeFileSync(`${fault}${what}`, `${errno} ${room}`),
      heal: (what: Broken = "") => rmSync(`${fault}${what}`),
      /** What happened after a line: `wal` and `db` for a sync, and the words of the child. */
      after: (line: string): string[] => {
        const lines = readFileSync(log, "utf8").trimEnd().split("\n");
        return lines
          .slice(lines.indexOf(line) + 1)
          .map((text) => text.replace(/^sync .*tram\.db-wal$/, "wal").replace(/^sync .*tram\.db$/, "db"));
      },
    };
  }

  test("a power commit is acknowledged after a sync of the log, a crash commit without one", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env });
    await child.line(/^open$/);
    // The first write of a new log syncs the log's header.
    child.send("put power 1");
    await child.line(/^kept 1$/);
    for (const [durability, number] of [
      ["crash", 2],
      ["power", 3],
      ["crash", 4],
      ["crash", 5],
      ["power", 6],
    ]) {
      child.send(`put ${durability} ${number}`);
      await child.line(new RegExp(`^kept ${number}$`));
    }
    expect(disk.after("kept 1")).toEqual(["kept 2", "wal", "kept 3", "kept 4", "kept 5", "wal", "kept 6"]);
  });

  test("a power commit that finds its values there syncs the crash commit that wrote them", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env });
    child.send("put power 1");
    child.send("put crash 2");
    await child.line(/^kept 2$/);
    child.send("put power 2");
    await child.until((lines) => lines.filter((line) => line === "kept 2").length === 2);
    child.send("put power 2");
    await child.until((lines) => lines.filter((line) => line === "kept 2").length === 3);
    // The last one found everything synced.
    expect(disk.after("kept 1")).toEqual(["kept 2", "wal", "kept 2", "kept 2"]);
  });

  test("the sync window ends by itself, once", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env, syncWindowMs: 40 });
    child.send("put power 1");
    child.send("put crash 2");
    await child.line(/^kept 2$/);
    await vi.waitFor(() => expect(disk.after("kept 2")).toContain("wal"), { interval: 5 });
    child.send("put power 3");
    await child.line(/^kept 3$/);
    expect(disk.after("kept 2")).toEqual(["wal", "wal", "kept 3"]);
  });

  test.each([
    ["full", constants.errno.ENOSPC],
    ["read-only", constants.errno.EROFS],
    ["io", constants.errno.EIO],
  ])("a disk that is %s refuses commits, and takes them when it is well again", async (code, errno) => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env });
    child.send("put power 1");
    await child.line(/^kept 1$/);
    disk.break(errno);
    child.send("put power 2");
    child.send("put crash 3");
    expect(await child.line(/ 2/)).toBe(`refused 2 ${code}`);
    expect(await child.line(/ 3/)).toBe(`refused 3 ${code}`);
    disk.heal();
    child.send("put crash 4");
    child.send("put power 5");
    await child.line(/^kept 4$/);
    await child.line(/^kept 5$/);
    child.send("close");
    await child.line(/^closed$/);
    expect(child.lines.filter((line) => line.startsWith("fault"))).toEqual([]);
    expect(existsSync(`${place.file}-wal`)).toBe(false);
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(place.file);
    expect(
      database
        .prepare("SELECT key FROM entry ORDER BY key")
        .all()
        .map(({ key }) => key),
    ).toEqual(["1", "4", "5"]);
    database.close();
  });

  const { EIO, ENOSPC } = constants.errno;

  /** What the entries hold when the next process opens the store. */
  async function contentOf(file: string): Promise<Record<string, unknown>> {
    const store = await openSqliteStore(file);
    const entries = Object.fromEntries(await store.entries("kept"));
    await store.close();
    return entries;
  }

  describe.each([
    ["a sync fails", EIO, ".sync", "io"],
    ["the disk is full", ENOSPC, "", "full"],
  ] as const)("%s", (_name, errno, what, code) => {
    test.each([
      ["the process is killed", false],
      ["the disk is well again", true],
    ])("and %s: what was acknowledged before stays, what was refused is nowhere", async (_then, well) => {
      using place = temporaryFolder();
      const disk = watched(place.folder);
      await using child = new ChildStore(program, place.file, { env: disk.env });
      for (const command of ["put power 1 a", "put crash 2 a", "put crash 3 b"]) child.send(command);
      await child.line(/^kept 3$/);
      disk.break(errno, what);
      for (const command of ["put power 4 a", "put crash 5 b", "put power 6 c"]) child.send(command);
      expect(await child.line(/ 6/)).toBe(`refused 6 ${code}`);
      expect(child.lines).toEqual(expect.arrayContaining([`refused 4 ${code}`, `refused 5 ${code}`]));
      if (well) {
        disk.heal(what);
        child.send("put power 7 d");
        await child.line(/^kept 7$/);
        child.send("close");
        await child.line(/^closed$/);
      } else await child.kill();
      expect(await contentOf(place.file)).toEqual({ a: 2, b: 3, ...(well && { d: 7 }) });
    });
  });

  test("a journal that cannot be written is gone round, and never brings back what is older", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env });
    for (const command of ["put crash 1 a", "put crash 2 b"]) child.send(command);
    await child.line(/^kept 2$/);
    disk.break(ENOSPC, ".journal");
    for (const command of ["put crash 3 a", "put power 4 c"]) child.send(command);
    await child.line(/^kept 4$/);
    expect(child.lines).toContain("fault full");
    await child.kill();
    expect(await contentOf(place.file)).toEqual({ a: 3, b: 2, c: 4 });
  });

  test("neither disk nor journal: refused; then the journal comes back first", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env });
    child.send("put crash 1 a");
    await child.line(/^kept 1$/);
    disk.break(ENOSPC);
    disk.break(ENOSPC, ".journal");
    child.send("put crash 2 a");
    await child.line(/^refused 2 full$/);
    disk.heal(".journal");
    child.send("put crash 3 a");
    await child.line(/^refused 3 full$/);
    disk.heal();
    child.send("put crash 4 b");
    await child.line(/^kept 4$/);
    await child.kill();
    expect(await contentOf(place.file)).toEqual({ a: 1, b: 4 });
  });

  test("where little room is left, what fits is kept, and stays when the rest is written", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    await using child = new ChildStore(program, place.file, { env: disk.env });
    for (const command of ["put crash 1 a", "put crash 2 b 90000"]) child.send(command);
    await child.line(/^kept 2$/);
    disk.break(ENOSPC, "", 80_000);
    child.send("put power 3 c 90000");
    await child.line(/^refused 3 full$/);
    child.send("put power 4 a");
    await child.line(/^kept 4$/);
    await child.kill();
    expect(await contentOf(place.file)).toEqual({ a: 4, b: expect.stringMatching(/^2 x/) });
  });

  test("a log that cannot be moved is told once, keeps what it has, and is moved when the disk is well again", async () => {
    using place = temporaryFolder();
    const disk = watched(place.folder);
    const env = { ...disk.env, CHECKPOINT_PAGES: "10" };
    await using child = new ChildStore(program, place.file, { env });
    await child.line(/^open$/);
    disk.break(EIO, ".moves");
    for (let number = 1; number <= 12; number++) child.send(`put power ${number} k${number} 5000`);
    await child.line(/^kept 12$/);
    expect(child.lines.filter((line) => line.startsWith("fault"))).toEqual(["fault io"]);
    disk.heal(".moves");
    for (let number = 13; number <= 16; number++) child.send(`put power ${number} k${number} 5000`);
    await child.line(/^kept 16$/);
    expect(disk.after("kept 12")).toContain("db");
    await child.kill();
    expect(Object.keys(await contentOf(place.file))).toHaveLength(16);
  });
});
