import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tarGz } from "../../gateway/daemon/src/support/tar.ts";
import { installNodeRed, NODE_RED_DIR } from "../node-red.ts";
import { paletteEntries } from "./palette.ts";
import { readTree } from "./tree.ts";

/** The optional package of the feed. */
export const NODE_RED_PACKAGE = "tram-node-red";

/** Nothing of it is needed to run: maps for debuggers, links to command lines, npm's own notes. */
const NOT_NEEDED = /\.map$|(?:^|\/)\.bin(?:\/|$)|(?:^|\/)\.package-lock\.json$/;

/**
 * Makes the source of the package tram-node-red: Node-RED as the lock file names it, and our palette.
 * @param out folder of the tarball.
 * @param mtime time of every file, in seconds since 1970.
 * @returns its path.
 * @throws {Error} when Node-RED cannot be installed, or the palette is not built.
 */
export function makeNodeRedRelease(out: string, mtime: number): string {
  const problem = installNodeRed();
  if (problem !== undefined) throw new Error(problem);
  const modules = join(NODE_RED_DIR, "node_modules");
  const { version } = JSON.parse(readFileSync(join(modules, "node-red/package.json"), "utf8")) as {
    version: string;
  };
  const entries = [...readTree(modules).filter(({ path }) => !NOT_NEEDED.test(path)), ...paletteEntries()]
    // Each once: npm's folders of scopes may be there already.
    .filter(({ path }, at, all) => at === all.findIndex((other) => other.path === path))
    .map((entry) => ({
      ...entry,
      path: `node_modules/${entry.path}`,
      mode: entry.kind === "folder" ? 0o755 : 0o644,
    }));
  const addon = entries.find(({ path }) => path.endsWith(".node"));
  if (addon !== undefined)
    throw new Error(`${addon.path}: expected no native addon: the package is for all boards`);
  const name = `${NODE_RED_PACKAGE}-${version}`;
  const tarball = join(out, `${name}.tar.gz`);
  writeFileSync(tarball, tarGz(entries, { mtime, prefix: `${name}/` }));
  return tarball;
}
