import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@tram/testkit";
import { expect, onTestFinished, test, vi } from "vitest";
import { RuleFiles } from "./rule-files.ts";

const real = vi.hoisted(() => ({ watching: true }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return {
    ...fs,
    watch: (...args: Parameters<typeof fs.watch>) => {
      if (real.watching) return fs.watch(...args);
      throw Object.assign(new Error("no more watches"), { code: "ENOSPC" });
    },
  };
});

function room(options: { watching?: boolean } = {}) {
  real.watching = options.watching ?? false;
  const root = mkdtempSync(join(tmpdir(), "tram-rule-files-"));
  const folder = join(root, "rules");
  mkdirSync(folder);
  const clock = new VirtualClock();
  const warnings: object[] = [];
  const log = { debug() {}, info() {}, warn: (line: object) => void warnings.push(line), error() {} };
  let known: readonly string[] = [];
  let changes = 0;
  const read = () => {
    const sources = files.read(known);
    known = sources.map(({ file }) => file);
    return sources;
  };
  const files = new RuleFiles(folder, {
    clock,
    log,
    onChange: () => {
      changes++;
      read();
    },
  });
  onTestFinished(() => {
    files[Symbol.dispose]();
    rmSync(root, { recursive: true });
  });
  return { root, folder, clock, files, read, warnings, changes: () => changes };
}

test("without a watch to get, changes are found within 30 s, and a file that still grows is waited for", async () => {
  const { folder, clock, files, read, warnings, changes } = room();
  const path = join(folder, "a.yaml");
  writeFileSync(path, "- id: a\n");
  read();
  files.watch();
  expect(warnings).toMatchObject([{ reason: "ENOSPC" }]);
  await clock.advance(60_000);
  expect(changes()).toBe(0);
  expect(warnings).toHaveLength(1);

  writeFileSync(path, "- id: ab\n");
  await clock.advance(30_000);
  writeFileSync(path, "- id: abc\n"); // It grows on.
  await clock.advance(200);
  expect(changes()).toBe(0);
  await clock.advance(200);
  expect(changes()).toBe(1);
  // The same length and the same time, another file.
  writeFileSync(join(folder, "b.tmp"), "- id: xyz\n");
  utimesSync(join(folder, "b.tmp"), 1, 1);
  utimesSync(path, 1, 1);
  await clock.advance(30_400);
  renameSync(join(folder, "b.tmp"), path);
  await clock.advance(30_400);
  expect(changes()).toBe(3);
});

test("what is no rule file is nobody's business", async () => {
  const { folder, clock, files, read, changes } = room();
  read();
  files.watch();
  for (const name of ["a.txt", ".a.yaml", "a.test.yaml", "a.yaml~", ".a.yaml.swp"])
    writeFileSync(join(folder, name), "x");
  mkdirSync(join(folder, "folder.yaml"));
  await clock.advance(31_000);
  expect(changes()).toBe(0);
  expect(read()).toEqual([]);
});

test("links that are turned to another folder, as config maps are, are followed", async () => {
  const { root, folder, clock, files, read, changes } = room();
  for (const [version, text] of [
    ["v1", "- id: one\n"],
    ["v2", "- id: two\n"],
  ] as const) {
    mkdirSync(join(root, version));
    writeFileSync(join(root, version, "a.yaml"), text);
  }
  symlinkSync(join(root, "v1"), join(root, "data"));
  symlinkSync(join(root, "data", "a.yaml"), join(folder, "a.yaml"));
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: one\n" }]);
  files.watch();
  rmSync(join(root, "data"));
  symlinkSync(join(root, "v2"), join(root, "data"));
  await clock.advance(30_400);
  expect(changes()).toBe(1);
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: two\n" }]);
});

test("a file that is gone for a moment was never gone; a folder that is gone takes no file with it", async () => {
  const { root, folder, clock, files, read } = room();
  const path = join(folder, "a.yaml");
  writeFileSync(path, "- id: a\n");
  files.watch();
  read();
  rmSync(path);
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: a\n" }]);
  writeFileSync(path, "- id: b\n");
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: b\n" }]);
  rmSync(path);
  read();
  await clock.advance(2_000);
  expect(read()).toEqual([]);

  writeFileSync(path, "- id: c\n");
  read();
  renameSync(folder, join(root, "away"));
  expect(read()).toEqual([
    { file: "a.yaml", text: "", unreadable: "the rules folder cannot be read (ENOENT)" },
  ]);
  await clock.advance(60_000);
  renameSync(join(root, "away"), folder);
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: c\n" }]);
});

test("a file that is far too large is not read", () => {
  const { folder, read } = room();
  writeFileSync(join(folder, "a.yaml"), "");
  truncateSync(join(folder, "a.yaml"), 5_000_000_000);
  expect(read()).toEqual([{ file: "a.yaml", text: "", unreadable: "the file is larger than 1 MiB" }]);
});

test("the watcher tells at once; a folder that is replaced is watched in its turn", async () => {
  const { root, folder, clock, files, read, changes } = room({ watching: true });
  read();
  files.watch();
  // The watcher runs in real time, the quiet on the clock of the test.
  const seen = async (wanted: number): Promise<void> => {
    await vi.waitFor(
      async () => {
        await clock.advance(250);
        expect(changes()).toBeGreaterThanOrEqual(wanted);
      },
      { timeout: 5_000, interval: 10 },
    );
  };
  writeFileSync(join(folder, "a.yaml"), "- id: a\n");
  await seen(1);
  renameSync(folder, join(root, "away"));
  mkdirSync(folder);
  writeFileSync(join(folder, "a.yaml"), "- id: b\n");
  await seen(2);
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: b\n" }]);
  writeFileSync(join(folder, "a.yaml"), "- id: c\n");
  await seen(3);
  expect(read()).toEqual([{ file: "a.yaml", text: "- id: c\n" }]);
});
