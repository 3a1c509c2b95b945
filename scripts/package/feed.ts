import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type StagedPackage, stagePackages } from "./staged-package.ts";
import { readTree } from "./tree.ts";

/** The feed: one folder a source package, each with its Makefile. */
export const FEED = resolve(import.meta.dirname, "../../packages-openwrt");

/**
 * Lays out the packages of the feed.
 * @param work folder for what is made on the way.
 * @param downloads where the release tarballs lie.
 * @param without folders to leave out.
 */
export function stageFeed(
  work: string,
  downloads: string,
  feed = FEED,
  without: readonly string[] = [],
): StagedPackage[] {
  rmSync(join(work, "stage"), { recursive: true, force: true });
  rmSync(join(work, "build"), { recursive: true, force: true });
  return readdirSync(feed)
    .sort()
    .filter((name) => existsSync(join(feed, name, "Makefile")) && !without.includes(name))
    .flatMap((name) =>
      stagePackages({
        makefileFolder: join(feed, name),
        stage: join(work, "stage", name),
        build: join(work, "build", name),
        downloads,
      }),
    )
    .map(keepOverUpgrades);
}

/**
 * Configuration that a package names and does not bring is kept over new firmware by a list; what it brings, the
 * package managers list themselves. So does OpenWrt's own build.
 */
function keepOverUpgrades(staged: StagedPackage): StagedPackage {
  const { name, conffiles, tree, root } = staged;
  const brought = new Set(tree.filter(({ kind }) => kind === "file").map(({ path }) => `/${path}`));
  const absent = conffiles.filter((path) => !brought.has(path));
  if (absent.length === 0) return staged;
  const folder = join(root, "lib/upgrade/keep.d");
  mkdirSync(folder, { recursive: true });
  for (const path of ["lib", "lib/upgrade", "lib/upgrade/keep.d"]) chmodSync(join(root, path), 0o755);
  appendFileSync(join(folder, name), `${absent.join("\n")}\n`, { mode: 0o644 });
  chmodSync(join(folder, name), 0o644);
  return { ...staged, tree: readTree(root) };
}
