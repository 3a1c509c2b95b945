import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigError } from "../config-error.ts";
import { replaceSecretFile } from "./write-file.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("replaceSecretFile", () => {
  const target = join(folder, "out", "tram.yaml");
  mkdirSync(join(folder, "out"));

  test("is there whole, for its owner alone, also where a file of other rights was", () => {
    writeFileSync(target, "old", { mode: 0o666 });
    chmodSync(target, 0o666);
    replaceSecretFile(target, "new");
    expect(readFileSync(target, "utf8")).toBe("new");
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, "out"))).toEqual(["tram.yaml"]);
  });

  test("follows no link, neither in its place nor beside it", () => {
    const victim = join(folder, "victim");
    writeFileSync(victim, "mine");
    rmSync(target);
    symlinkSync(victim, target);
    symlinkSync(victim, join(folder, "out", `.tram.yaml.${process.pid}`));
    replaceSecretFile(target, "new");
    expect(readFileSync(victim, "utf8")).toBe("mine");
    expect(readFileSync(target, "utf8")).toBe("new");
  });

  test("says where it cannot write, and leaves nothing", () => {
    expect(() => replaceSecretFile(join(folder, "nowhere", "x"), "new")).toThrow(
      /nowhere\/x: expected a place to write to, found error ENOENT/,
    );
    mkdirSync(join(folder, "taken", "x"), { recursive: true });
    writeFileSync(join(folder, "taken", "x", "y"), "");
    expect(() => replaceSecretFile(join(folder, "taken", "x"), "new")).toThrow(ConfigError);
    expect(readdirSync(join(folder, "taken"))).toEqual(["x"]);
  });
});
