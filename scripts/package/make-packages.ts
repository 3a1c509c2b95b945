import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apkMissing, apkName, makeApk } from "./apk.ts";
import { FEED, stageFeed } from "./feed.ts";
import { ipk, ipkName } from "./ipk.ts";
import { makeNodeRedRelease, NODE_RED_PACKAGE } from "./node-red-release.ts";
import { makeRelease, type Release } from "./release.ts";
import type { StagedPackage } from "./staged-package.ts";

/** The time of every file unless somebody says another one, in seconds: 2026-01-01T00:00:00Z. */
const FIXED_TIME_S = 1_767_225_600;

export interface PackageOptions {
  /** For what is made on the way: the bundle, its source maps, the laid out packages. */
  readonly work: string;
  /** Where the packages go; it is emptied first. */
  readonly out: string;
  /** Time of every file, in seconds since 1970. */
  readonly mtimeS?: number;
  /** Folder of the feed. */
  readonly feed?: string;
  /** Make the package of Node-RED too: 280 packages of others, from a registry. */
  readonly nodeRed?: boolean;
}

export interface Packages {
  readonly release: Release;
  readonly staged: readonly StagedPackage[];
  /** Names of the files in `out`, sorted, without that of the sums. */
  readonly files: readonly string[];
  /** Why there is no `.apk`; false when there is. */
  readonly noApk: string | false;
}

/**
 * Makes the release tarball, and of the feed's Makefiles the packages for OpenWrt: `.ipk` always, `.apk` where apk-tools
 * 3 is installed. The same sources make the same bytes: no clock, no user and no folder of this machine is in them.
 */
export async function makePackages(options: PackageOptions): Promise<Packages> {
  const { work, out, mtimeS = FIXED_TIME_S, feed = FEED, nodeRed = false } = options;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const release = await makeRelease(work, out, mtimeS);
  if (nodeRed) makeNodeRedRelease(out, mtimeS);
  const staged = stageFeed(work, out, feed, nodeRed ? [] : [NODE_RED_PACKAGE]);
  for (const each of staged) writeFileSync(join(out, ipkName(each)), ipk(each, mtimeS));
  const noApk = apkMissing();
  if (noApk === false) for (const each of staged) makeApk(each, mtimeS, join(out, apkName(each)));
  const files = readdirSync(out).sort();
  writeFileSync(
    join(out, "SHA256SUMS"),
    files.map((name) => `${sha256(join(out, name))}  ${name}\n`).join(""),
  );
  return { release, staged, files, noApk };
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
