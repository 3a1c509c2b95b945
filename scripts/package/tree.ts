import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { TarEntry } from "../../gateway/daemon/src/support/tar.ts";

/**
 * Reads a folder as entries of an archive: every file, link and folder below it, with its permission bits.
 * @throws {Error} for what no package may carry: sockets, devices, set-uid files.
 */
export function readTree(folder: string): TarEntry[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name): TarEntry => {
      const path = join(folder, name);
      const stats = lstatSync(path);
      const entry = { path: relative(folder, path).split(sep).join("/"), mode: stats.mode & 0o777 };
      if ((stats.mode & 0o7000) !== 0) throw new Error(`${path}: expected no set-uid, set-gid or sticky bit`);
      if (stats.isSymbolicLink()) return { ...entry, mode: 0o777, kind: "link", target: readlinkSync(path) };
      if (stats.isDirectory()) return { ...entry, kind: "folder" };
      if (stats.isFile()) return { ...entry, kind: "file", content: readFileSync(path) };
      throw new Error(`${path}: expected a file, a folder or a link`);
    });
}
