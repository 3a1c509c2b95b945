import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readSmallFile } from "./read-file.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-read-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a small file is read whole; all else is told, at once", () => {
  const file = join(folder, "file");
  writeFileSync(file, "12345");
  const pipe = join(folder, "pipe");
  expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
  expect(readSmallFile(file, 5)).toEqual(Buffer.from("12345"));
  expect(readSmallFile(file, 4)).toEqual({ code: "too-large", found: "5 bytes (at most 4)" });
  expect(readSmallFile(folder, 5)).toEqual({ code: "EISDIR", found: "a folder" });
  expect(readSmallFile(join(folder, "none"), 5)).toEqual({ code: "ENOENT", found: "no such file" });
  expect(readSmallFile(join(file, "below"), 5)).toEqual({ code: "ENOTDIR", found: "error ENOTDIR" });
  expect(readSmallFile(pipe, 5)).toMatchObject({ code: "not-a-file" });
  expect(readSmallFile("/dev/zero", 5)).toMatchObject({ code: "not-a-file" });
});
