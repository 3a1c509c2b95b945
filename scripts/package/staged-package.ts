import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "../../gateway/daemon/src/support/tar.ts";
import { readTree } from "./tree.ts";

/** A package as its Makefile describes it and as its install recipe lays it out. */
export interface StagedPackage {
  readonly name: string;
  /** `0.1.0-r1` */
  readonly version: string;
  readonly description: string;
  readonly section: string;
  readonly category: string;
  readonly title: string;
  readonly url: string;
  readonly maintainer: string;
  readonly license: string;
  /** `all`, or an architecture of OpenWrt. */
  readonly architecture: string;
  readonly depends: readonly string[];
  readonly conflicts: readonly string[];
  readonly provides: readonly string[];
  /** `tram=5683:tram=5683`, or nothing. */
  readonly userId: string;
  /** Absolute paths, one file each. */
  readonly conffiles: readonly string[];
  readonly scripts: Partial<Record<(typeof SCRIPTS)[number], string>>;
  /** Folder with what is installed, as it will lie on the target. */
  readonly root: string;
  readonly tree: readonly TarEntry[];
}

const SCRIPTS = ["preinst", "postinst", "prerm", "postrm"] as const;

/** Our stand-in of OpenWrt's build system. */
export const STAND_IN = join(import.meta.dirname, "openwrt");

export interface StageOptions {
  /** Folder with the package's Makefile. */
  readonly makefileFolder: string;
  /** Where packages are laid out; those of this Makefile are written anew. */
  readonly stage: string;
  /** Where release tarballs lie. */
  readonly downloads: string;
  /** Where they are unpacked. */
  readonly build: string;
}

/**
 * Runs a Makefile of the feed under GNU make, with our stand-in for OpenWrt's build system.
 * @returns every package that it defines.
 * @throws {Error} with what make said, or with the field that a package lacks.
 */
export function stagePackages(options: StageOptions): StagedPackage[] {
  const { makefileFolder, stage, downloads, build } = options;
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  // Nothing of the make that calls us may reach this one: neither its flags nor its variables.
  const { PATH = "", HOME = "/" } = process.env;
  const { status, stderr, stdout } = spawnSync(
    "make",
    [
      "--no-print-directory",
      "--silent",
      "-C",
      makefileFolder,
      `TOPDIR=${STAND_IN}`,
      `STAGE_DIR=${stage}`,
      `BUILD_DIR=${build}`,
      `DL_DIR=${downloads}`,
      `HOST_NODE=${process.execPath}`,
    ],
    { encoding: "utf8", env: { PATH, HOME, LC_ALL: "C.UTF-8" } },
  );
  if (status !== 0) throw new Error(`${makefileFolder}: make failed:\n${stderr}${stdout}`);
  return readdirSync(stage)
    .sort()
    .map((name) => readStaged(join(stage, name), name));
}

function readStaged(folder: string, name: string): StagedPackage {
  const field = (key: string): string => read(join(folder, "fields", key));
  const needed = (key: string): string => {
    const value = field(key);
    if (value === "") throw new Error(`package ${name}: expected ${key}, found nothing`);
    return value;
  };
  const words = (key: string): string[] =>
    field(key)
      .split(/[\s,]+/)
      .filter((word) => word !== "");
  const root = join(folder, "root");
  return {
    name,
    version: needed("VERSION"),
    description: needed("description").replace(/^[ \t]+/gm, ""),
    section: needed("SECTION"),
    category: needed("CATEGORY"),
    title: needed("TITLE"),
    url: field("URL"),
    maintainer: needed("MAINTAINER"),
    license: needed("LICENSE"),
    architecture: needed("PKGARCH"),
    // Every package of OpenWrt depends on the C library, those without native code too.
    depends: ["libc", ...words("DEPENDS").map((word) => dependency(name, word))],
    conflicts: words("CONFLICTS"),
    provides: words("PROVIDES"),
    userId: field("USERID"),
    conffiles: words("conffiles"),
    scripts: Object.fromEntries(
      SCRIPTS.map((script) => [script, read(join(folder, "scripts", script))]).filter(
        ([, text]) => text !== "",
      ),
    ),
    root,
    tree: readTree(root),
  };
}

/** `+node` is built and needed, `node` is only needed. Conditions belong to a build with a configuration. */
function dependency(name: string, word: string): string {
  const plain = /^\+?([a-z0-9][a-z0-9.+-]*)$/.exec(word)?.[1];
  if (plain === undefined) throw new Error(`package ${name}: DEPENDS: expected +package, found ${word}`);
  return plain;
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}
