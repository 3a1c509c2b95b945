import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shell } from "./ipk.ts";
import type { StagedPackage } from "./staged-package.ts";

/**
 * Why no `.apk` can be made here; false when it can. apk-tools 3 writes them, which Debian does not have; files must
 * belong to root while it does.
 */
export function apkMissing(): string | false {
  const { status, stdout } = spawnSync("apk", ["--version"], { encoding: "utf8" });
  const version = /^apk-tools (\d+)\./.exec(stdout ?? "")?.[1];
  if (status !== 0 || version === undefined) return "apk (apk-tools 3) is not on the PATH";
  if (Number(version) < 3) return `apk-tools 3 is needed, found ${stdout.trim()}`;
  if (process.getuid?.() === 0 || spawnSync("fakeroot", ["--version"]).status === 0) return false;
  return "only root, or fakeroot, can give the files of an .apk to root";
}

/** The name under which apk's indexes look for it. */
export function apkName({ name, version }: StagedPackage): string {
  return `${name}-${version}.apk`;
}

/**
 * Packs a package for apk (OpenWrt 25.12 and later), after OpenWrt's conventions: lists in /lib/apk/packages, and
 * scripts that begin with OpenWrt's own steps.
 * @param mtime time of every file, in seconds since 1970.
 */
export function makeApk(staged: StagedPackage, mtime: number, output: string): void {
  const work = mkdtempSync(join(tmpdir(), "tram-apk-"));
  try {
    const files = join(work, "files");
    cpSync(staged.root, files, { recursive: true, verbatimSymlinks: true });
    restoreModes(staged, files);
    addLists(staged, files);
    settle(files, mtime);
    const args = [
      "mkpkg",
      ...info(staged).flatMap(([key, value]) => (value === "" ? [] : ["--info", `${key}:${value}`])),
      ...writeScripts(staged, work),
      "--files",
      files,
      "--output",
      output,
    ];
    const command = process.getuid?.() === 0 ? ["apk", ...args] : ["fakeroot", "apk", ...args];
    const [program = "", ...rest] = command;
    const { status, stderr, stdout } = spawnSync(program, rest, {
      encoding: "utf8",
      env: { PATH: process.env.PATH, SOURCE_DATE_EPOCH: String(mtime) },
    });
    if (status !== 0) throw new Error(`apk mkpkg ${staged.name}: ${stderr}${stdout}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function info(staged: StagedPackage): readonly (readonly [string, string])[] {
  return [
    ["name", staged.name],
    ["version", staged.version],
    ["description", staged.description.replaceAll("\n", " ")],
    ["arch", staged.architecture === "all" ? "noarch" : staged.architecture],
    ["license", staged.license],
    ["origin", staged.name],
    ["url", staged.url],
    ["maintainer", staged.maintainer],
    ["provides", staged.provides.join(" ")],
    ["depends", staged.depends.join(" ")],
  ];
}

/** A copy keeps modes only as far as the umask lets it. */
function restoreModes(staged: StagedPackage, files: string): void {
  for (const { path, mode, kind } of staged.tree) if (kind !== "link") chmodSync(join(files, path), mode);
}

function addLists({ name, userId, conffiles, tree }: StagedPackage, files: string): void {
  const lists = join(files, "lib/apk/packages");
  mkdirSync(lists, { recursive: true });
  const write = (suffix: string, lines: readonly string[]): void => {
    if (lines.length > 0)
      writeFileSync(join(lists, `${name}.${suffix}`), `${lines.join("\n")}\n`, { mode: 0o644 });
  };
  const shipped = conffiles.filter((path) => tree.some((entry) => `/${entry.path}` === path));
  write("rusers", userId === "" ? [] : [userId]);
  write("conffiles", conffiles);
  write(
    "conffiles_static",
    shipped.map(
      (path) =>
        `${path} ${createHash("sha256")
          .update(readFileSync(join(files, path)))
          .digest("hex")}`,
    ),
  );
  write(
    "list",
    tree.filter(({ kind }) => kind !== "folder").map(({ path }) => `/${path}`),
  );
}

/** Modes of the folders that were added, and one time for everything. */
function settle(files: string, mtime: number): void {
  for (const folder of ["lib", "lib/apk", "lib/apk/packages"]) chmodSync(join(files, folder), 0o755);
  for (const path of readdirSync(files, { recursive: true, encoding: "utf8" })) {
    lutimesSync(join(files, path), mtime, mtime);
  }
  lutimesSync(files, mtime, mtime);
}

/** @returns the arguments that name the scripts. */
function writeScripts(staged: StagedPackage, work: string): string[] {
  const { preinst, postinst, prerm, postrm } = staged.scripts;
  const scripts: readonly (readonly [string, string | undefined])[] = [
    ["pre-install", preinst && shell(preinst)],
    ["post-install", hook(staged, ["add_group_and_user", "default_postinst"], postinst)],
    ["pre-upgrade", preinst && `#!/bin/sh\nexport PKG_UPGRADE=1\n${body(preinst)}`],
    [
      "post-upgrade",
      hook(staged, ["export PKG_UPGRADE=1", "add_group_and_user", "default_postinst"], postinst),
    ],
    ["pre-deinstall", hook(staged, ["default_prerm"], prerm)],
    ["post-deinstall", postrm && shell(postrm)],
  ];
  return scripts.flatMap(([phase, text]) => {
    if (text === undefined) return [];
    const file = join(work, phase);
    writeFileSync(file, text, { mode: 0o755 });
    return ["--script", `${phase}:${file}`];
  });
}

/** OpenWrt's own steps, which find the lists of the package by its name, and then those of the package. */
function hook({ name }: StagedPackage, steps: readonly string[], own: string | undefined): string {
  return `#!/bin/sh
[ "\${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "\${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "\${IPKG_INSTROOT}/lib/functions.sh"
export root="\${IPKG_INSTROOT}" pkgname="${name}"
${steps.join("\n")}
${own === undefined ? "" : body(own)}`;
}

/** A script without its first line. */
function body(text: string): string {
  return `${text.replace(/^#!.*\n/, "")}\n`;
}
