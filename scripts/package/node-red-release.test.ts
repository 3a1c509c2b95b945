import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tarGz } from "../../gateway/daemon/src/support/tar.ts";
import { FEED } from "./feed.ts";
import { NODE_RED_PACKAGE } from "./node-red-release.ts";
import { stagePackages } from "./staged-package.ts";

const MAKEFILE_FOLDER = join(FEED, NODE_RED_PACKAGE);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tram-node-red-package-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the package tram-node-red", () => {
  test("is of the version that its lock file names", () => {
    const read = (name: string): string => readFileSync(join(MAKEFILE_FOLDER, name), "utf8");
    const version = /^PKG_VERSION:=(\S+)$/m.exec(read("Makefile"))?.[1];
    const wanted = JSON.parse(read("src/package.json")) as { dependencies: Record<string, string> };
    const lock = JSON.parse(read("src/package-lock.json")) as {
      packages: Record<string, { version?: string; integrity?: string; resolved?: string; link?: true }>;
    };
    expect(wanted.dependencies).toEqual({ "node-red": version });
    expect(lock.packages["node_modules/node-red"]?.version).toBe(version);
    // Whatever mirror they come from, they are what was locked.
    const loose = Object.entries(lock.packages).filter(
      ([path, entry]) =>
        path !== "" && !path.startsWith("node_modules/npm/") && entry.integrity === undefined,
    );
    expect(loose.map(([path]) => path)).toEqual([]);
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  test("puts Node-RED where the gateway looks for it, readable for all and owned by root", () => {
    const text = (content: string, mode: number) => ({
      kind: "file" as const,
      content: Buffer.from(content),
      mode,
    });
    writeFileSync(
      join(folder, "tram-node-red-5.0.7.tar.gz"),
      tarGz(
        [
          { path: "node_modules", kind: "folder", mode: 0o700 },
          { path: "node_modules/node-red", kind: "folder", mode: 0o700 },
          { path: "node_modules/node-red/package.json", ...text("{}", 0o600) },
          { path: "node_modules/node-red/LICENSE", ...text("Apache", 0o600) },
        ],
        { mtime: 1, prefix: "tram-node-red-5.0.7/" },
      ),
    );
    const [staged, ...others] = stagePackages({
      makefileFolder: MAKEFILE_FOLDER,
      stage: join(folder, "stage"),
      build: join(folder, "build"),
      downloads: folder,
    });
    expect(others).toEqual([]);
    expect(staged).toMatchObject({
      name: "tram-node-red",
      version: "5.0.7-r1",
      architecture: "all",
      depends: ["libc", "tram"],
      conffiles: [],
    });
    expect(staged?.tree.map(({ path, mode }) => [path, mode.toString(8)])).toEqual([
      ["usr", "755"],
      ["usr/lib", "755"],
      ["usr/lib/tram", "755"],
      ["usr/lib/tram/node-red", "755"],
      ["usr/lib/tram/node-red/node_modules", "755"],
      ["usr/lib/tram/node-red/node_modules/node-red", "755"],
      ["usr/lib/tram/node-red/node_modules/node-red/LICENSE", "644"],
      ["usr/lib/tram/node-red/node_modules/node-red/package.json", "644"],
    ]);
    expect(staged?.scripts.postinst).toContain("/etc/init.d/tram restart");
  });
});
