import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RuleFolder } from "./rule-folder.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "rule-folder-"));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const folder = () => new RuleFolder(path, { log: { debug() {}, info() {}, warn() {}, error() {} } });
const detail = async (file: string, text: string) => (await folder().tooMuch(file, text))?.refusal.detail;

test("all rule files together have a megabyte, and a small one counts as a block of the disk", async () => {
  expect(await detail("new.yaml", "[]\n")).toBeUndefined();
  for (let number = 0; number < 240; number++) writeFileSync(join(path, `${number}.yaml`), "[]\n");
  writeFileSync(join(path, "large.yml"), "#".repeat(65_536));
  // Neither is one.
  writeFileSync(join(path, "0.test.yaml"), "#".repeat(65_536));
  writeFileSync(join(path, "notes.txt"), "#".repeat(65_536));
  expect(await detail("new.yaml", "[]\n")).toBe(
    "new.yaml: the rule files would have 1052672 bytes in all, expected at most 1048576.",
  );
  expect(await detail("0.yaml", "#".repeat(5_000))).toMatch(/^0\.yaml: the rule files would have 1049480 /);
});

test("what is there already may be written anew, and become shorter", async () => {
  writeFileSync(join(path, "large.yaml"), "#".repeat(2_000_000));
  expect(await detail("large.yaml", "#".repeat(2_000_000))).toBeUndefined();
  expect(await detail("large.yaml", "[]\n")).toBeUndefined();
  expect(await detail("large.yaml", "#".repeat(2_000_001))).toMatch(/^large\.yaml: /);
});

test("a folder that is not there has room", async () => {
  rmSync(path, { recursive: true });
  expect(await detail("new.yaml", "[]\n")).toBeUndefined();
});
