import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type TarEntry, tar, tarGz } from "./tar.ts";

const place = mkdtempSync(join(tmpdir(), "tram-tar-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const MTIME = 1_767_225_600;
const file = (path: string, content: string, mode = 0o644): TarEntry => ({
  kind: "file",
  path,
  mode,
  content: Buffer.from(content),
});

function unpack(archive: Buffer, folder: string): { status: number | null; stderr: string } {
  const path = join(place, "archive.tar");
  writeFileSync(path, archive);
  spawnSync("mkdir", ["-p", folder]);
  const { status, stderr } = spawnSync("tar", ["-xpf", path, "-C", folder], { encoding: "utf8" });
  return { status, stderr };
}

test("GNU tar unpacks what was packed: files, modes, folders, links, times, long paths", () => {
  const deep = `${"folder-".repeat(12)}/${"name-".repeat(15)}.js`;
  const folder = join(place, "all");
  const entries: TarEntry[] = [
    file(deep, "deep"),
    { kind: "link", path: "link", mode: 0o777, target: "bin/run" },
    file("bin/run", "#!/bin/sh\n", 0o755),
    { kind: "folder", path: "empty", mode: 0o750 },
    file("secret", "x".repeat(1_024), 0o600),
  ];
  expect(unpack(tar(entries, { mtime: MTIME, prefix: "./" }), folder)).toEqual({ status: 0, stderr: "" });
  expect(readFileSync(join(folder, deep), "utf8")).toBe("deep");
  expect(readlinkSync(join(folder, "link"))).toBe("bin/run");
  const modes = ["bin/run", "empty", "secret"].map((name) =>
    (statSync(join(folder, name)).mode & 0o7777).toString(8),
  );
  expect(modes).toEqual(["755", "750", "600"]);
  expect(statSync(join(folder, "secret")).size).toBe(1_024);
  expect(statSync(join(folder, "secret")).mtimeMs).toBe(MTIME * 1_000);
});

test("the order in which files are found does not matter, that of members does", () => {
  const [one, other] = [file("a", "1"), file("b", "2")];
  const pack = (entries: TarEntry[], keepOrder: boolean): Buffer =>
    tarGz(entries, { mtime: MTIME, keepOrder });
  expect(pack([one, other], false).equals(pack([other, one], false))).toBe(true);
  expect(pack([one, other], true).equals(pack([other, one], true))).toBe(false);
});

test("paths that ustar cannot hold are refused", () => {
  expect(() => tar([file("x".repeat(101), "")], { mtime: MTIME })).toThrow(
    /expected a path that ustar can hold/,
  );
  expect(() => tar([file(`${"y".repeat(160)}/x`, "")], { mtime: MTIME })).toThrow(RangeError);
});

test("whatever the content, it comes back", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1_500 }), { minLength: 1, maxLength: 4 }), (contents) => {
      const folder = join(place, "property");
      const entries = contents.map(
        (content, at): TarEntry => ({ kind: "file", path: `f${at}`, mode: 0o644, content }),
      );
      expect(unpack(tar(entries, { mtime: 0 }), folder).stderr).not.toMatch(/error|corrupt/i);
      for (const [at, content] of contents.entries()) {
        expect(readFileSync(join(folder, `f${at}`)).equals(Buffer.from(content))).toBe(true);
      }
    }),
    { numRuns: 20 },
  );
});
