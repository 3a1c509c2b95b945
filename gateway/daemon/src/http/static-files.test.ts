import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { StaticFiles } from "./static-files.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-web-"));
mkdirSync(join(folder, "assets"));
writeFileSync(join(folder, "index.html"), "page");
writeFileSync(join(folder, "assets/index-abc.js"), "plain");
writeFileSync(join(folder, "assets/index-abc.js.br"), "small");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const files = new StaticFiles(folder);

it("answers each page of the UI with the one page there is, also that of a rule file", () => {
  for (const path of ["/", "/rules", "/rules/fan", "/rules/file/my.rules.yaml", "/nothing/here"]) {
    expect(files.answer(path, ""), path).toMatchObject({
      status: 200,
      headers: { "Cache-Control": "no-cache" },
    });
  }
});

it("does not give a page for a file that is not there", () => {
  for (const path of [
    "/assets/index-old.js",
    "/favicon.ico",
    "/assets/index-abc.js.br",
    "/rules.yaml",
    "/../etc/passwd.txt",
  ]) {
    expect(files.answer(path, "").status, path).toBe(404);
  }
});

it("takes the coding that the browser takes", () => {
  const of = (accepted: string) => String(files.answer("/assets/index-abc.js", accepted).body);
  expect(of("gzip, br")).toBe("small");
  expect(of("gzip")).toBe("plain");
});
