import { gzipSync } from "node:zlib";
import { type TarEntry, tar, tarGz } from "../../gateway/daemon/src/support/tar.ts";
import type { StagedPackage } from "./staged-package.ts";

/**
 * Packs a package for opkg (OpenWrt 24.10 and older): a compressed archive of three members, of which two are
 * compressed archives again.
 * @param mtime time of every file, in seconds since 1970.
 */
export function ipk(staged: StagedPackage, mtime: number): Buffer {
  const data = tar(staged.tree, { mtime, prefix: "./" });
  const members: TarEntry[] = [
    member("debian-binary", "2.0\n"),
    member("control.tar.gz", tarGz(controlFiles(staged, data.length), { mtime, prefix: "./" })),
    member("data.tar.gz", gzipSync(data, { level: 9 })),
  ];
  return tarGz(members, { mtime, prefix: "./", keepOrder: true });
}

/** The name under which opkg's indexes look for it. */
export function ipkName({ name, version, architecture }: StagedPackage): string {
  return `${name}_${version}_${architecture}.ipk`;
}

function controlFiles(staged: StagedPackage, installedBytes: number): TarEntry[] {
  const { conffiles, scripts, tree } = staged;
  const files = [
    member("control", control(staged, installedBytes)),
    // OpenWrt's own steps first (user, uci-defaults, init scripts); they call those of the package.
    program("postinst", hook("default_postinst")),
    program("prerm", hook("default_prerm")),
  ];
  const shipped = conffiles.filter((path) => tree.some((entry) => `/${entry.path}` === path));
  if (shipped.length > 0) files.push(member("conffiles", `${shipped.join("\n")}\n`));
  if (scripts.preinst !== undefined) files.push(program("preinst", shell(scripts.preinst)));
  if (scripts.postinst !== undefined) files.push(program("postinst-pkg", shell(scripts.postinst)));
  if (scripts.prerm !== undefined) files.push(program("prerm-pkg", shell(scripts.prerm)));
  if (scripts.postrm !== undefined) files.push(program("postrm", shell(scripts.postrm)));
  return files;
}

function control(staged: StagedPackage, installedBytes: number): string {
  const fields: readonly (readonly [string, string])[] = [
    ["Package", staged.name],
    ["Version", staged.version],
    ["Depends", staged.depends.join(", ")],
    ["Conflicts", staged.conflicts.join(", ")],
    ["Provides", staged.provides.join(", ")],
    ["License", staged.license],
    ["Section", staged.section],
    ["Require-User", staged.userId],
    ["URL", staged.url],
    ["Maintainer", staged.maintainer],
    ["Architecture", staged.architecture],
    ["Installed-Size", String(installedBytes)],
    ["Description", staged.description.split("\n").join("\n ")],
  ];
  return fields
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");
}

/** What opkg runs: it hands over to the functions that every OpenWrt has, where there is one. */
function hook(step: "default_postinst" | "default_prerm"): string {
  return `#!/bin/sh
[ "\${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s "\${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0
. "\${IPKG_INSTROOT}/lib/functions.sh"
${step} "$0" "$@"
`;
}

/** Scripts of Makefiles may come without their first line. */
export function shell(text: string): string {
  return text.startsWith("#!") ? `${text}\n` : `#!/bin/sh\n${text}\n`;
}

function member(path: string, content: string | Buffer): TarEntry {
  return { kind: "file", path, mode: 0o644, content: Buffer.from(content) };
}

function program(path: string, content: string): TarEntry {
  return { kind: "file", path, mode: 0o755, content: Buffer.from(content) };
}
